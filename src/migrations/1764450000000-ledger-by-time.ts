import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What ran is listed by when it began, newest first: all of a team, or what one app, user or model did. Each of these has
 * its index, so that a page of it reads no more than it shows, however long the ledger is and whatever times are asked for.
 */
export class LedgerByTime1764450000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index ai_execution_user;
      drop index ai_execution_model;
      create index ai_execution_time on ai_execution (team_id, created_at, id);
      create index ai_execution_app on ai_execution (team_id, app_id, created_at, id);
      create index ai_execution_user on ai_execution (team_id, user_id, created_at, id);
      create index ai_execution_model on ai_execution (team_id, model_id, created_at, id);
      create index ai_execution_model_ref on ai_execution (team_id, model_ref, created_at, id);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index ai_execution_model_ref;
      drop index ai_execution_model;
      drop index ai_execution_user;
      drop index ai_execution_app;
      drop index ai_execution_time;
      create index ai_execution_user on ai_execution (team_id, user_id, id);
      create index ai_execution_model on ai_execution (team_id, model_id, id);
    `);
  }
}
