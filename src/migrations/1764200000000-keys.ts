import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What rotation of keys and the proof of the right key at start need. Maintenance may see which key wraps a data key, of
 * every team, and not the wrapped bytes; rewrapping one happens as the application, in that team. All of it additive.
 */
export class Keys1764200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table kek_canary (
        kek_id text primary key,
        kek_version text not null,
        id uuid not null,
        wrapped bytea not null,
        created_at timestamptz not null
      );
      grant select, insert, update on kek_canary to ai_studio_platform;
      create index team_key_kek on team_key (kek_id, kek_version);
      create policy key_use on team_key for select to ai_studio_maintenance using (true);
      grant select (team_id, id, kek_id, kek_version, created_at) on team_key to ai_studio_maintenance;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      revoke select (team_id, id, kek_id, kek_version, created_at) on team_key from ai_studio_maintenance;
      drop policy key_use on team_key;
      drop index team_key_kek;
      drop table kek_canary;
    `);
  }
}
