import type { MigrationInterface, QueryRunner } from 'typeorm';
import { protectTeamTable } from './support/team-table';

/** Agents of a team, and each version that was published of them. All of it additive. */
export class Agents1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table ai_agent (
        team_id uuid not null references team (id) on delete cascade,
        id uuid not null,
        name text not null,
        version integer not null check (version > 0),
        created_at timestamptz not null,
        updated_at timestamptz not null,
        deleted_at timestamptz,
        primary key (team_id, id)
      );
      create unique index ai_agent_name on ai_agent (team_id, lower(name)) where deleted_at is null;
      create index ai_agent_list on ai_agent (team_id, (lower(name) collate "C"), id) where deleted_at is null;
      create table ai_agent_version (
        team_id uuid not null,
        agent_id uuid not null,
        version integer not null check (version > 0),
        name text not null,
        description text not null,
        instructions text not null,
        model_id uuid,
        settings jsonb not null default '{}',
        library_ids jsonb not null default '[]',
        variables jsonb not null default '[]',
        rolled_back_from integer,
        created_by uuid not null,
        created_at timestamptz not null,
        primary key (team_id, agent_id, version),
        foreign key (team_id, agent_id) references ai_agent (team_id, id) on delete cascade
      );
      create index ai_agent_version_model_id on ai_agent_version (model_id) where model_id is not null;
    `);
    await protectTeamTable(runner, 'ai_agent', { allow: ['insert', 'update'] });
    await protectTeamTable(runner, 'ai_agent_version', { allow: ['insert'] });
    await runner.query(`
      create policy model_use on ai_agent for select to ai_studio_maintenance using (deleted_at is null);
      create policy model_use on ai_agent_version for select to ai_studio_maintenance using (model_id is not null);
      grant select (team_id, id, version, deleted_at) on ai_agent to ai_studio_maintenance;
      grant select (team_id, agent_id, version, name, model_id) on ai_agent_version to ai_studio_maintenance;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table ai_agent_version, ai_agent');
  }
}
