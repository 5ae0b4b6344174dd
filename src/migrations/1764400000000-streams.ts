import type { MigrationInterface, QueryRunner } from 'typeorm';
import { protectTeamTable } from './support/team-table';

/**
 * The log of what an answer said, as the very text of its server-sent events, and the keys by which a message is sent
 * once. Maintenance may see which answers ended and delete what is old, and reads nothing that was said. All of it additive.
 */
export class Streams1764400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await this.createLog(runner);
    await this.createKeys(runner);
    await runner.query(`
      create index chat_message_interrupted on chat_message (instance_id)
        where status = 'interrupted' and instance_id is not null;
      grant select (user_id) on chat_message to ai_studio_maintenance;
    `);
  }

  private async createLog(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table chat_answer_event (
        team_id uuid not null,
        user_id uuid not null,
        message_id uuid not null,
        seq bigint not null check (seq between 1 and ${Number.MAX_SAFE_INTEGER}),
        bytes bigint not null,
        is_end boolean not null,
        text text not null,
        created_at timestamptz not null,
        primary key (team_id, message_id, seq),
        foreign key (team_id, message_id) references chat_message (team_id, id) on delete cascade
      );
      create unique index chat_answer_event_end on chat_answer_event (team_id, message_id) where is_end;
      create index chat_answer_event_ended on chat_answer_event (created_at) where is_end;
    `);
    await protectTeamTable(runner, 'chat_answer_event', { ownedByUser: true, allow: ['insert'] });
    await runner.query(`
      create policy ended_read on chat_answer_event for select to ai_studio_maintenance using (true);
      create policy ended_delete on chat_answer_event for delete to ai_studio_maintenance using (true);
      grant select (team_id, message_id, is_end, created_at), delete on chat_answer_event to ai_studio_maintenance;
    `);
  }

  private async createKeys(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table chat_idempotency_key (
        team_id uuid not null,
        user_id uuid not null,
        key text not null,
        message_id uuid not null,
        request_hash bytea not null,
        created_at timestamptz not null,
        primary key (team_id, user_id, key),
        foreign key (team_id, message_id) references chat_message (team_id, id) on delete cascade
      );
      create index chat_idempotency_key_message on chat_idempotency_key (team_id, message_id);
      create index chat_idempotency_key_age on chat_idempotency_key (created_at);
    `);
    await protectTeamTable(runner, 'chat_idempotency_key', { ownedByUser: true, allow: ['insert'] });
    await runner.query(`
      create policy old_read on chat_idempotency_key for select to ai_studio_maintenance using (true);
      create policy old_delete on chat_idempotency_key for delete to ai_studio_maintenance using (true);
      grant select (created_at), delete on chat_idempotency_key to ai_studio_maintenance;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table chat_idempotency_key, chat_answer_event;
      drop index chat_message_interrupted;
      revoke select (user_id) on chat_message from ai_studio_maintenance;
    `);
  }
}
