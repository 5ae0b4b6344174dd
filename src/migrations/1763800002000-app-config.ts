import type { MigrationInterface, QueryRunner } from 'typeorm';
import { protectTeamTable } from './support/team-table';

/** The generic configuration documents of every app, by team and by user in a team. */
export class AppConfig1763800002000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table app_team_config (
        team_id uuid not null references team (id) on delete cascade,
        app_id text not null,
        config jsonb not null,
        schema_version integer not null,
        version integer not null,
        updated_by uuid not null,
        updated_at timestamptz not null,
        primary key (team_id, app_id)
      );
      create table user_app_team_config (
        team_id uuid not null references team (id) on delete cascade,
        user_id uuid not null references auth_user (id) on delete cascade,
        app_id text not null,
        config jsonb not null,
        schema_version integer not null,
        version integer not null,
        updated_at timestamptz not null,
        primary key (team_id, user_id, app_id)
      );
    `);
    await protectTeamTable(runner, 'app_team_config');
    await protectTeamTable(runner, 'user_app_team_config', { ownedByUser: true });
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table user_app_team_config, app_team_config');
  }
}
