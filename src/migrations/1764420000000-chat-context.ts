import type { MigrationInterface, QueryRunner } from 'typeorm';
import { protectTeamTable } from './support/team-table';

/** What models were sent of a conversation, summaries of what they were not, and who gave a conversation its title. */
export class ChatContext1764420000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Titles from before are left alone as if a person had set each: nobody knows which of them one did.
    await runner.query(`
      alter table chat_session
        add column title_source text not null default 'user'
          check (title_source in ('message', 'generated', 'user'));
      alter table chat_session alter column title_source set default 'message';
      create table chat_summary (
        team_id uuid not null,
        id uuid not null,
        user_id uuid not null,
        session_id uuid not null,
        up_to_message_id uuid not null,
        text text not null,
        tokens integer not null,
        model_ref text not null,
        execution_id uuid not null,
        created_at timestamptz not null,
        primary key (team_id, id),
        foreign key (team_id, user_id, session_id) references chat_session (team_id, user_id, id) on delete cascade,
        foreign key (team_id, up_to_message_id) references chat_message (team_id, id) on delete cascade
      );
      create index chat_summary_of_session on chat_summary (team_id, session_id, created_at desc);
      create index chat_summary_of_message on chat_summary (team_id, up_to_message_id);
      create table chat_context (
        team_id uuid not null,
        id uuid not null,
        message_id uuid not null,
        model_ref text not null,
        user_id uuid not null,
        session_id uuid not null,
        tokenizer text not null,
        budget jsonb,
        first_message_id uuid not null,
        sent integer not null,
        left_out integer not null,
        summary_id uuid,
        note_tokens integer not null,
        created_at timestamptz not null,
        primary key (team_id, id),
        foreign key (team_id, user_id, session_id) references chat_session (team_id, user_id, id) on delete cascade,
        foreign key (team_id, message_id) references chat_message (team_id, id) on delete cascade,
        foreign key (team_id, summary_id) references chat_summary (team_id, id) on delete set null (summary_id)
      );
      create index chat_context_of_message on chat_context (team_id, message_id);
      create index chat_context_of_session on chat_context (team_id, session_id);
      create index chat_context_of_summary on chat_context (team_id, summary_id) where summary_id is not null;
    `);
    await protectTeamTable(runner, 'chat_summary', { ownedByUser: true, allow: ['insert'] });
    await protectTeamTable(runner, 'chat_context', { ownedByUser: true, allow: ['insert'] });
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table chat_context, chat_summary;
      alter table chat_session drop column title_source;
    `);
  }
}
