import type { MigrationInterface, QueryRunner } from 'typeorm';
import { protectTeamTable } from './support/team-table';

/** Team id of what belongs to no team: providers, the catalogue, accounts. No team has it. */
const instance = '00000000-0000-0000-0000-000000000000';

/**
 * The audit log: one chain a team, and one of the instance. No foreign key: it outlives the team. A trigger gives each
 * event its place and its hash, whoever inserts it: nobody brings their own.
 */
export class Audit1764100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await this.createTable(runner);
    await this.createLink(runner);
    await protectTeamTable(runner, 'audit_event', { allow: ['insert'] });
    await runner.query(`
      create policy not_the_instance on audit_event as restrictive to ai_studio_app
        using (team_id <> '${instance}') with check (team_id <> '${instance}');
      create policy instance_chain on audit_event to ai_studio_platform
        using (team_id = '${instance}') with check (team_id = '${instance}');
      create policy chains on audit_event for select to ai_studio_maintenance using (true);
      grant select, insert on audit_event to ai_studio_platform;
      grant select (team_id) on audit_event to ai_studio_maintenance;
    `);
    await this.createDoorForIdentity(runner);
  }

  /** The columns after `hash` are read out of the event, for filters. Times are ISO 8601 in UTC, so they sort as text. */
  private async createTable(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table audit_event (
        team_id uuid not null,
        seq bigint not null,
        event jsonb not null,
        hash bytea not null,
        at text not null generated always as (event->>'at') stored,
        action text not null generated always as (event->>'action') stored,
        outcome text not null generated always as (event->>'outcome') stored check (outcome in ('done', 'refused')),
        actor_id text generated always as (event#>>'{actor,id}') stored,
        target_type text not null generated always as (event#>>'{target,type}') stored,
        target_id text generated always as (event#>>'{target,id}') stored,
        primary key (team_id, seq)
      );
      create index audit_event_at on audit_event (team_id, at);
      create index audit_event_actor on audit_event (team_id, actor_id, seq);
      create index audit_event_target on audit_event (team_id, target_id, seq);
    `);
  }

  /** The lock first, by itself: a statement that waited for it would not see the event it waited for. */
  private async createLink(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create function link_audit_event() returns trigger language plpgsql set search_path = pg_catalog, public as $$
      declare
        previous record;
      begin
        perform pg_advisory_xact_lock(hashtextextended('audit:' || new.team_id, 0));
        select seq, hash into previous from audit_event where team_id = new.team_id order by seq desc limit 1;
        new.seq := coalesce(previous.seq, 0) + 1;
        new.event := new.event || jsonb_build_object('seq', new.seq);
        new.hash := sha256(
          coalesce(previous.hash, sha256(convert_to('audit:' || new.team_id, 'UTF8')))
          || convert_to(new.event::text, 'UTF8'));
        return new;
      end
      $$;
      create trigger link before insert on audit_event for each row execute function link_audit_event();
    `);
  }

  /** Better Auth reaches the database through its adapter alone, which can insert a row: as the role that may; and lock one. */
  private async createDoorForIdentity(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create view identity_audit_event with (security_invoker = true) as
        select null::uuid as id, team_id, event, seq, encode(hash, 'hex') as hash from audit_event where false;
      create function append_identity_event() returns trigger language plpgsql set search_path = pg_catalog, public as $$
      begin
        perform set_config('app.team_id', new.team_id::text, true);
        perform set_config('role',
          case when new.team_id = '${instance}' then 'ai_studio_platform' else 'ai_studio_app' end, true);
        insert into audit_event (team_id, event) values (new.team_id, new.event)
          returning seq, encode(hash, 'hex') into new.seq, new.hash;
        perform set_config('role', 'none', true);
        return new;
      end
      $$;
      create trigger append instead of insert on identity_audit_event
        for each row execute function append_identity_event();
      create view identity_row_lock as select null::uuid as id, null::text as row_id where false;
      create function lock_identity_row() returns trigger language plpgsql set search_path = pg_catalog, public as $$
      begin
        perform pg_advisory_xact_lock(hashtextextended('identity:' || new.row_id, 0));
        return new;
      end
      $$;
      create trigger lock instead of insert on identity_row_lock for each row execute function lock_identity_row();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop view identity_row_lock, identity_audit_event;
      drop table audit_event;
      drop function lock_identity_row, append_identity_event, link_audit_event;
    `);
  }
}
