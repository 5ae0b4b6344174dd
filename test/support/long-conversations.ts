import { Database } from '../../src/platform/database';
import type { TestApp } from './app';

/** Makes a conversation that has a message longer, by the rows that sending `count` more makes, each with this text. */
export async function growConversation(
  app: TestApp,
  sessionId: string,
  count: number,
  text = 'x',
): Promise<void> {
  const parts = JSON.stringify([{ type: 'text', text }]);
  await app.nest.get(Database).pool.query(
    `with recursive chain as (
       select id as parent_id, gen_random_uuid() as id, 1 as n from chat_message
        where id = (select head_message_id from chat_session where id = $1)
       union all
       select id, gen_random_uuid(), n + 1 from chain where n < $2
     ), stored as (
       insert into chat_message (team_id, id, session_id, user_id, parent_id, role, parts, status, created_at, updated_at)
       select s.team_id, c.id, s.id, s.user_id, c.parent_id, case when n % 2 = 1 then 'user' else 'assistant' end,
              $3::jsonb, 'complete', now(), now()
         from chain c, chat_session s where s.id = $1
     )
     update chat_session set head_message_id = (select id from chain where n = $2) where id = $1`,
    [sessionId, count, parts],
  );
}
