import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What models cost, where the catalogue comes from, and how it is compared with what providers say. All of it additive. */
export class ModelCatalogue1763900000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table ai_provider add column catalogue_version bigint not null default 0;
      alter table ai_model
        add column purpose text not null default 'chat'
          check (purpose in ('chat', 'embedding', 'image', 'audio', 'moderation', 'other')),
        add column released_at timestamptz,
        add column deprecated_at timestamptz,
        add column knowledge_cutoff text,
        add column source text not null default 'manual' check (source in ('manual', 'bundled', 'provider')),
        add column source_at timestamptz;
      create table ai_model_price (
        id uuid primary key,
        model_id uuid not null references ai_model (id) on delete cascade,
        card jsonb not null,
        source text not null check (source in ('operator', 'provider', 'bundled', 'manual')),
        effective_from timestamptz not null,
        created_at timestamptz not null
      );
      create index ai_model_price_current on ai_model_price (model_id, effective_from desc, created_at desc);
      create table ai_model_sync_diff (
        id uuid primary key,
        provider_id text not null references ai_provider (id) on delete cascade,
        base_version bigint not null,
        document jsonb not null,
        taken_at timestamptz not null,
        applied_at timestamptz,
        accepted jsonb
      );
      create index ai_model_sync_diff_provider on ai_model_sync_diff (provider_id, taken_at desc);
      create table ai_model_sync_run (
        id uuid primary key,
        provider_id text not null references ai_provider (id) on delete cascade,
        diff_id uuid references ai_model_sync_diff (id) on delete set null,
        action text not null check (action in ('diff', 'apply')),
        started_by text not null check (started_by in ('user', 'schedule', 'terminal')),
        user_id uuid,
        scheduled_for timestamptz,
        outcome text not null check (outcome in ('running', 'succeeded', 'failed')),
        progress jsonb not null default '{}',
        counts jsonb not null default '{}',
        error text,
        started_at timestamptz not null,
        finished_at timestamptz,
        unique (provider_id, scheduled_for)
      );
      create index ai_model_sync_run_latest on ai_model_sync_run (id desc);
      alter table ai_execution add column price_id uuid;
      grant select on ai_model_price to ai_studio_app;
      grant select, insert, update, delete on ai_model_price, ai_model_sync_diff, ai_model_sync_run to ai_studio_platform;
      create policy model_use on ai_team_model for select to ai_studio_maintenance using (model_id is not null);
      grant select (team_id, model_id, enabled, is_default) on ai_team_model to ai_studio_maintenance;
      grant select (id, name) on team to ai_studio_maintenance;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      revoke select (id, name) on team from ai_studio_maintenance;
      revoke select (team_id, model_id, enabled, is_default) on ai_team_model from ai_studio_maintenance;
      drop policy model_use on ai_team_model;
      alter table ai_execution drop column price_id;
      drop table ai_model_sync_run, ai_model_sync_diff, ai_model_price;
      alter table ai_model drop column purpose, drop column released_at, drop column deprecated_at,
        drop column knowledge_cutoff, drop column source, drop column source_at;
      alter table ai_provider drop column catalogue_version;
    `);
  }
}
