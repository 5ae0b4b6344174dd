import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What attackers of the audit log and of rotation made necessary. A place in a chain stays a number that every reader
 * can hold. The ends of chains can be read across teams, to anchor what a vanished process did not. Other processes hear
 * that a team is deleted from the deletion itself, and of nothing that is rolled back. A canary is only ever added: one
 * for each version of a key.
 */
export class AuditHardening1764310000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table audit_event add constraint audit_event_seq check (seq between 1 and ${Number.MAX_SAFE_INTEGER});
      grant select (seq, hash) on audit_event to ai_studio_maintenance;

      create function announce_team_deletion() returns trigger language plpgsql set search_path = pg_catalog, public as $$
      begin
        perform pg_notify('ai_studio_team_deletions', old.id::text);
        return null;
      end
      $$;
      create trigger announce_deletion after delete on team for each row execute function announce_team_deletion();

      alter table kek_canary drop constraint kek_canary_pkey;
      alter table kek_canary add primary key (kek_id, kek_version);
      revoke update on kek_canary from ai_studio_platform;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      grant update on kek_canary to ai_studio_platform;
      delete from kek_canary older using kek_canary newer
       where newer.kek_id = older.kek_id and newer.created_at > older.created_at;
      alter table kek_canary drop constraint kek_canary_pkey;
      alter table kek_canary add primary key (kek_id);

      drop trigger announce_deletion on team;
      drop function announce_team_deletion;

      revoke select (seq, hash) on audit_event from ai_studio_maintenance;
      alter table audit_event drop constraint audit_event_seq;
    `);
  }
}
