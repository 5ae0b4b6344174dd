import type { MigrationInterface, QueryRunner } from 'typeorm';
import { protectTeamTable } from './support/team-table';

/** Providers, models, keys and the record of executions. */
export class AiStudio1763800003000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await this.createGlobalTables(runner);
    await this.createTeamTables(runner);
    for (const table of [
      'ai_team',
      'team_key',
      'ai_team_provider',
      'ai_team_provider_model',
      'ai_team_model',
      'ai_team_token',
    ]) {
      await protectTeamTable(runner, table);
    }
    await protectTeamTable(runner, 'ai_execution', { allow: ['insert', 'update'] });
    await runner.query(`
      create policy unfinished_read on ai_execution for select to ai_studio_maintenance
        using (outcome in ('running', 'interrupted'));
      create policy unfinished_end on ai_execution for update to ai_studio_maintenance
        using (outcome = 'running') with check (outcome = 'interrupted');
      grant select (team_id, id, outcome, instance_id), update (outcome, finished_at) on ai_execution to ai_studio_maintenance;
    `);
  }

  private async createGlobalTables(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table ai_provider (
        id text primary key,
        kind text not null,
        display_name text not null,
        base_url text,
        status text not null default 'active' check (status in ('active', 'disabled')),
        created_at timestamptz not null,
        updated_at timestamptz not null
      );
      create table ai_model (
        id uuid primary key,
        provider_id text not null references ai_provider (id) on delete cascade,
        model_key text not null,
        display_name text not null,
        status text not null default 'active' check (status in ('active', 'archived')),
        enabled boolean not null default true,
        capabilities jsonb not null default '{}',
        context_window integer,
        max_output_tokens integer,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        unique (provider_id, model_key)
      );
      grant select on ai_provider, ai_model to ai_studio_app;
      grant select, insert, update, delete on ai_provider, ai_model to ai_studio_platform;
    `);
  }

  private async createTeamTables(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table ai_team (
        team_id uuid primary key references team (id) on delete cascade,
        created_at timestamptz not null
      );
      create table team_key (
        team_id uuid not null references team (id) on delete cascade,
        id uuid not null,
        wrapped bytea not null,
        kek_id text not null,
        kek_version text not null,
        created_at timestamptz not null,
        primary key (team_id, id)
      );
      create table ai_team_provider (
        team_id uuid not null references team (id) on delete cascade,
        id uuid not null,
        display_name text not null,
        base_url text not null,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        primary key (team_id, id),
        unique (team_id, display_name)
      );
      create table ai_team_provider_model (
        team_id uuid not null,
        id uuid not null,
        team_provider_id uuid not null,
        model_key text not null,
        display_name text not null,
        capabilities jsonb not null default '{}',
        context_window integer,
        max_output_tokens integer,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        primary key (team_id, id),
        unique (team_id, team_provider_id, model_key),
        foreign key (team_id, team_provider_id) references ai_team_provider (team_id, id) on delete cascade
      );
      create table ai_team_model (
        team_id uuid not null references team (id) on delete cascade,
        id uuid not null,
        model_id uuid references ai_model (id) on delete cascade,
        team_provider_model_id uuid,
        enabled boolean not null,
        is_default boolean not null default false,
        priority integer not null,
        settings jsonb not null default '{}',
        created_at timestamptz not null,
        updated_at timestamptz not null,
        primary key (team_id, id),
        check (num_nonnulls(model_id, team_provider_model_id) = 1),
        check (enabled or not is_default),
        unique (team_id, model_id),
        unique (team_id, team_provider_model_id),
        foreign key (team_id, team_provider_model_id) references ai_team_provider_model (team_id, id) on delete cascade
      );
      create unique index ai_team_model_default on ai_team_model (team_id) where is_default;
      create index ai_team_model_model_id on ai_team_model (model_id);
      create table ai_team_token (
        team_id uuid not null references team (id) on delete cascade,
        id uuid not null,
        provider_id text references ai_provider (id) on delete cascade,
        team_provider_id uuid,
        sealed bytea not null,
        origin text not null,
        last4 text not null,
        fingerprint text not null,
        version integer not null,
        last_used_at timestamptz,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        primary key (team_id, id),
        check (num_nonnulls(provider_id, team_provider_id) = 1),
        unique (team_id, provider_id),
        unique (team_id, team_provider_id),
        foreign key (team_id, team_provider_id) references ai_team_provider (team_id, id) on delete cascade
      );
      create table ai_execution (
        team_id uuid not null references team (id) on delete cascade,
        id uuid not null,
        app_id text not null,
        user_id uuid not null,
        provider_id text not null,
        model_id uuid not null,
        model_ref text not null,
        agent_id uuid,
        agent_version integer,
        outcome text not null check (outcome in ('running', 'completed', 'stopped', 'failed', 'interrupted')),
        input_tokens bigint,
        cached_input_tokens bigint,
        cache_write_tokens bigint,
        output_tokens bigint,
        reasoning_tokens bigint,
        usage_source text not null default 'unknown' check (usage_source in ('provider', 'estimated', 'unknown')),
        cost_nano_usd bigint,
        attempts jsonb not null default '[]',
        timings jsonb not null default '{}',
        instance_id bigint not null,
        created_at timestamptz not null,
        finished_at timestamptz,
        primary key (team_id, id)
      );
      create index ai_execution_user on ai_execution (team_id, user_id, id);
      create index ai_execution_model on ai_execution (team_id, model_id, id);
      create index ai_execution_running on ai_execution (instance_id) where outcome = 'running';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table ai_execution, ai_team_token, ai_team_model, ai_team_provider_model, ai_team_provider, team_key, ai_team,
        ai_model, ai_provider;
    `);
  }
}
