import type { MigrationInterface, QueryRunner } from 'typeorm';
import { protectTeamTable } from './support/team-table';

/** What models were told: the record of an execution names the texts, which are kept once. */
export class Prompts1764000001000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table ai_execution add column prompt jsonb;
      create table ai_prompt_text (
        team_id uuid not null references team (id) on delete cascade,
        id uuid not null,
        user_id uuid references auth_user (id) on delete cascade,
        sha256 text not null,
        text text not null,
        created_at timestamptz not null,
        primary key (team_id, id)
      );
      create unique index ai_prompt_text_sha256 on ai_prompt_text (team_id, sha256, user_id) nulls not distinct;
      create index ai_prompt_text_user on ai_prompt_text (user_id) where user_id is not null;
    `);
    await protectTeamTable(runner, 'ai_prompt_text', { allow: ['insert'] });
    await runner.query(`
      create policy own_texts on ai_prompt_text as restrictive to ai_studio_app
        using (user_id is null or user_id = (select nullif(current_setting('app.user_id', true), '')::uuid))
        with check (user_id is null or user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table ai_prompt_text; alter table ai_execution drop column prompt;');
  }
}
