import type { MigrationInterface, QueryRunner } from 'typeorm';
import { protectTeamTable } from './support/team-table';

/** The agent of a conversation, and the history of its changes. All of it additive. */
export class ChatAgents1764000002000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table chat_session
        add column agent_id uuid,
        add column agent_name text,
        add column agent_version integer,
        add constraint chat_session_agent check (num_nulls(agent_id, agent_name, agent_version) in (0, 3));
      create table chat_agent_switch (
        team_id uuid not null,
        session_id uuid not null,
        id uuid not null,
        user_id uuid not null,
        agent_id uuid,
        agent_name text,
        agent_version integer,
        from_agent_name text,
        after_message_id uuid,
        created_at timestamptz not null,
        primary key (team_id, session_id, id),
        foreign key (team_id, user_id, session_id) references chat_session (team_id, user_id, id) on delete cascade,
        check (num_nulls(agent_id, agent_name, agent_version) in (0, 3)),
        check (from_agent_name is null or after_message_id is not null)
      );
    `);
    await protectTeamTable(runner, 'chat_agent_switch', { ownedByUser: true, allow: ['insert'] });
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table chat_agent_switch;
      alter table chat_session drop column agent_id, drop column agent_name, drop column agent_version;
    `);
  }
}
