import type { MigrationInterface, QueryRunner } from 'typeorm';
import { protectTeamTable } from '../../src/migrations/support/team-table';

export class Summaries1800000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table summary (
        team_id uuid not null references team (id) on delete cascade,
        user_id uuid not null references auth_user (id) on delete cascade,
        id uuid not null,
        status text not null check (status in ('running', 'complete', 'stopped', 'failed')),
        text text not null,
        primary key (team_id, id)
      );
    `);
    await protectTeamTable(runner, 'summary', { ownedByUser: true });
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table summary');
  }
}
