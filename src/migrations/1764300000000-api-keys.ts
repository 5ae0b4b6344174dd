import type { MigrationInterface, QueryRunner } from 'typeorm';
import { protectTeamTable } from './support/team-table';

/**
 * API keys of a team. Each acts through a row of its own in `auth_user`, which the database makes and removes with it, so
 * that conversations, settings and executions of a key are kept as those of a person. All of it additive.
 */
export class ApiKeys1764300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await this.tellKeysFromPeople(runner);
    await this.createTable(runner);
    await this.createPrincipals(runner);
  }

  /** RFC 6761: nothing under `.invalid` exists, so no mail of a key's address reaches anybody. */
  private async tellKeysFromPeople(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table auth_user add column kind text not null default 'person' check (kind in ('person', 'apiKey'));
      alter table auth_user add constraint auth_user_kind_email
        check ((kind = 'apiKey') = (lower(email) like '%@api-key.invalid'));
      alter table auth_user add constraint auth_user_kind_role check (kind = 'person' or platform_role = 'user');
    `);
  }

  /**
   * The application may change nothing of a key but when it was last used: not what it may do, until when, nor whose it
   * is. Who calls with a key is found before their team is known: by the owner of the table, whom a policy lets read.
   */
  private async createTable(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table api_key (
        team_id uuid not null references team (id) on delete cascade,
        id uuid not null references auth_user (id) on delete cascade,
        name text not null,
        scopes jsonb not null,
        digest bytea not null check (length(digest) = 32),
        last4 text not null,
        expires_at timestamptz,
        last_used_at timestamptz,
        created_by uuid not null,
        created_at timestamptz not null,
        primary key (team_id, id)
      );
      create index api_key_id on api_key (id);
    `);
    await protectTeamTable(runner, 'api_key', { allow: ['insert', 'delete'] });
    await runner.query(`
      grant update (last_used_at) on api_key to ai_studio_app;
      create policy identification on api_key for select to current_user using (true);
    `);
  }

  /**
   * With the rights of the owner, since the application has none on accounts; nobody else may hang these functions on a
   * table. `pg_temp` last: else a temporary table could stand in for `auth_user`. The indexes are for what goes with a key.
   */
  private async createPrincipals(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create function create_api_key_user() returns trigger language plpgsql
        security definer set search_path = pg_catalog, pg_temp as $$
      begin
        insert into public.auth_user (id, name, email, kind)
          values (new.id, new.name, new.id || '@api-key.invalid', 'apiKey');
        return new;
      end
      $$;
      create function delete_api_key_user() returns trigger language plpgsql
        security definer set search_path = pg_catalog, pg_temp as $$
      begin
        delete from public.auth_user where id = old.id and kind = 'apiKey';
        return null;
      end
      $$;
      revoke execute on function create_api_key_user, delete_api_key_user from public;
      create trigger create_user before insert on api_key for each row execute function create_api_key_user();
      create trigger delete_user after delete on api_key for each row execute function delete_api_key_user();
      create index chat_session_user on chat_session (user_id);
      create index user_app_team_config_user on user_app_team_config (user_id);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index chat_session_user, user_app_team_config_user;
      drop table api_key;
      drop function create_api_key_user, delete_api_key_user;
      delete from auth_user where kind = 'apiKey';
      alter table auth_user drop column kind;
    `);
  }
}
