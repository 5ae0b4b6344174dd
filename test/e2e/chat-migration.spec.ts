import { v7 as uuidv7 } from 'uuid';
import { Database } from '../../src/platform/database';
import { createTestDatabase } from '../support/databases';
import { createTestEnv } from '../support/env';

const migration = 'Conversations1764410000000';

describe('conversations of before there were branches', () => {
  it('become one branch each, in the order in which they were said, and are found by their words', async () => {
    const place = await createTestDatabase();
    const database = await Database.open(createTestEnv(place));
    const { dataSource } = database;
    try {
      for (let last = ''; last !== migration;) {
        const rows = await dataSource.query<{ name: string }[]>(
          'select name from schema_migration order by id desc limit 1',
        );
        last = rows[0]!.name;
        await dataSource.undoLastMigration();
      }
      const [team, user] = [uuidv7(), uuidv7()];
      await dataSource.query(
        `insert into auth_user (id, name, email) values ($1, 'Ada', 'ada@example.com')`,
        [user],
      );
      await dataSource.query(
        `insert into team (id, name, slug, created_at) values ($1, 'Team', 'team', now())`,
        [team],
      );
      const sessions = [uuidv7(), uuidv7(), uuidv7()];
      const messages = new Map<string, string[]>();
      for (const session of sessions)
        await dataSource.query(
          `insert into chat_session (team_id, id, user_id, title, created_at, updated_at) values ($1, $2, $3, '', now(), now())`,
          [team, session, user],
        );
      // Two at a time, so that their messages lie between each other; the third is empty.
      for (const [index, session] of [0, 1, 0, 1, 0, 1, 0, 0].map(
        (which) => [which, sessions[which]!] as const,
      )) {
        const id = uuidv7();
        messages.set(session, [...(messages.get(session) ?? []), id]);
        await dataSource.query(
          `insert into chat_message (team_id, id, session_id, user_id, role, parts, status, created_at, updated_at)
           values ($1, $2, $3, $4, 'user', $5, 'complete', now(), now())`,
          [team, id, session, user, JSON.stringify([{ type: 'text', text: `said in ${index}` }])],
        );
      }

      await dataSource.runMigrations();

      for (const session of sessions) {
        const ids = messages.get(session) ?? [];
        const rows = await dataSource.query<{ id: string; parentId: string | null; found: boolean }[]>(
          `select id, parent_id as "parentId", words @@ to_tsquery('simple', 'said') as found
             from chat_message where session_id = $1 order by id`,
          [session],
        );
        expect(rows).toEqual(ids.map((id, index) => ({ id, parentId: ids[index - 1] ?? null, found: true })));
        const [head] = await dataSource.query<{ id: string | null }[]>(
          'select head_message_id as id from chat_session where id = $1',
          [session],
        );
        expect(head).toEqual({ id: ids.at(-1) ?? null });
      }
      const forced = await dataSource.query(
        `select relname from pg_class where relname in ('chat_session', 'chat_message') and relforcerowsecurity`,
      );
      expect(forced).toHaveLength(2);

      await dataSource.undoLastMigration();
      expect(await dataSource.query('select from chat_message')).toHaveLength(8);
    } finally {
      await database.close();
      await place.drop();
    }
  });
});
