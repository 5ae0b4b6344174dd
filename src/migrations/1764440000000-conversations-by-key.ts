import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A conversation is walked upwards one message at a time, by its key. PostgreSQL takes team, user and conversation for
 * independent of each other, so that one conversation's share of a table that holds many looks like one row: any index that
 * begins with them then costs the same as the key itself, and reads all of the conversation at each step. Those that are
 * of no use there are made so that they cannot be chosen, and how the columns depend on each other is counted.
 */
export class ConversationsByKey1764440000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index chat_message_order; -- chat_message_place begins with what it had
      drop index chat_message_children;
      create index chat_message_children on chat_message (parent_id, id); -- a parent's id names its conversation
      drop index chat_message_client_id;
      create unique index chat_message_client_id on chat_message (team_id, session_id, client_id) where client_id is not null;
      drop index chat_session_client_id;
      create unique index chat_session_client_id on chat_session (team_id, user_id, client_id) where client_id is not null;
      create statistics chat_message_owners (dependencies, ndistinct) on team_id, user_id, session_id from chat_message;
      create statistics chat_session_owners (dependencies, ndistinct) on team_id, user_id from chat_session;
    `);
    await this.count(runner);
  }

  /** Not where they are empty: PostgreSQL takes a table that was counted so for empty for a while, and reads all of it. */
  private async count(runner: QueryRunner): Promise<void> {
    const [size]: { bytes: number }[] = await runner.query(
      `select pg_relation_size('chat_message') as bytes`,
    );
    if (size && size.bytes > 0) await runner.query('analyze chat_message, chat_session');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop statistics chat_session_owners;
      drop statistics chat_message_owners;
      drop index chat_session_client_id;
      create unique index chat_session_client_id on chat_session (team_id, user_id, client_id);
      drop index chat_message_client_id;
      create unique index chat_message_client_id on chat_message (team_id, session_id, client_id);
      drop index chat_message_children;
      create index chat_message_children on chat_message (team_id, session_id, parent_id, id);
      create index chat_message_order on chat_message (team_id, session_id, id);
    `);
  }
}
