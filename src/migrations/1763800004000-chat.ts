import type { MigrationInterface, QueryRunner } from 'typeorm';
import { protectTeamTable } from './support/team-table';

/** Conversations: they belong to one user of one team. */
export class Chat1763800004000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table chat_session (
        team_id uuid not null references team (id) on delete cascade,
        id uuid not null,
        user_id uuid not null references auth_user (id) on delete cascade,
        title text not null,
        model_id uuid,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        primary key (team_id, id),
        unique (team_id, user_id, id)
      );
      create index chat_session_recent on chat_session (team_id, user_id, updated_at desc, id desc);
      create table chat_message (
        team_id uuid not null,
        id uuid not null,
        session_id uuid not null,
        user_id uuid not null,
        role text not null check (role in ('user', 'assistant')),
        parts jsonb not null,
        status text not null check (status in ('complete', 'streaming', 'stopped', 'interrupted', 'failed')),
        model_ref text,
        execution_id uuid,
        client_id text,
        error jsonb,
        instance_id bigint,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        primary key (team_id, id),
        foreign key (team_id, user_id, session_id) references chat_session (team_id, user_id, id) on delete cascade
      );
      create index chat_message_order on chat_message (team_id, session_id, id);
      create unique index chat_message_one_answer on chat_message (team_id, session_id) where status = 'streaming';
      create unique index chat_message_client_id on chat_message (team_id, session_id, client_id);
      create index chat_message_streaming on chat_message (instance_id) where status = 'streaming';
    `);
    await protectTeamTable(runner, 'chat_session', { ownedByUser: true });
    await protectTeamTable(runner, 'chat_message', { ownedByUser: true });
    await runner.query(`
      create policy unfinished_read on chat_message for select to ai_studio_maintenance
        using (status in ('streaming', 'interrupted'));
      create policy unfinished_end on chat_message for update to ai_studio_maintenance
        using (status = 'streaming') with check (status = 'interrupted');
      grant select (team_id, id, status, instance_id), update (status, updated_at) on chat_message to ai_studio_maintenance;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table chat_message, chat_session');
  }
}
