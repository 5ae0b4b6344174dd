import { Inject, Injectable } from '@nestjs/common';
import { In, MoreThan, Not } from 'typeorm';
import type { Scope } from '@kdx/shared';
import type { ExecutionConfig } from '../../ai-studio';
import { Recovery, TeamTransaction, writeWithPatience, type Statement } from '../../platform/database';
import { AppError, notFound } from '../../platform/errors';
import { ChatMessage } from './chat.entities';
import type { SessionToAnswer } from './session.repository';

/** Messages of conversations. Every method takes the scope first: the team and the user whose they are. */
@Injectable()
export class MessageRepository {
  constructor(
    @Inject(TeamTransaction) private readonly transaction: TeamTransaction,
    @Inject(Recovery) private readonly recovery: Recovery,
  ) {}

  /** Oldest first, after the message `after`. */
  list(scope: Scope, sessionId: string, after: string | undefined, limit: number): Promise<ChatMessage[]> {
    const { teamId, userId } = scope;
    return this.transaction.run(scope, (manager) =>
      manager.find(ChatMessage, {
        where: { teamId, userId, sessionId, ...(after === undefined ? {} : { id: MoreThan(after) }) },
        order: { id: 'ASC' },
        take: limit,
      }),
    );
  }

  find(scope: Scope, id: string): Promise<ChatMessage | null> {
    const { teamId, userId } = scope;
    return this.transaction.run(scope, (manager) => manager.findOneBy(ChatMessage, { teamId, userId, id }));
  }

  /** The answer of a conversation that another process is giving. */
  findStreamingElsewhere(scope: Scope, sessionId: string): Promise<ChatMessage | null> {
    const { teamId, userId } = scope;
    const instanceId = Not(this.recovery.instanceId);
    return this.transaction.run(scope, (manager) =>
      manager.findOneBy(ChatMessage, { teamId, userId, sessionId, status: 'streaming', instanceId }),
    );
  }

  /**
   * Stores a question, the empty answer to it, which this process gives, and the agent's version that gives it; answers
   * what was said before. One round trip. `undefined`, and nothing stored, where the conversation is no more as `session`
   * says. Throws `NOT_FOUND` for one that is none of the user's, `CONFLICT` while an answer is running or for a message
   * that was sent before.
   * @param along statements for the same transaction, after the messages; they have to bear that nothing was stored
   */
  async begin(
    scope: Scope,
    session: Pick<SessionToAnswer, 'modelId' | 'agentId' | 'hadAgent'>,
    question: ChatMessage,
    answer: ChatMessage,
    title: string,
    agent: ExecutionConfig['agent'],
    along: Statement[] = [],
  ): Promise<Pick<ChatMessage, 'id' | 'role' | 'parts'>[] | undefined> {
    const place = [scope.teamId, scope.userId, question.sessionId];
    const messages = [question, { ...answer, instanceId: this.recovery.instanceId }].map(toRow);
    const stored = [question.clientId, JSON.stringify(messages), question.createdAt, title];
    const expected = [session.modelId, session.agentId, session.hadAgent];
    const answering = [agent?.id ?? null, agent?.name ?? null, agent?.version ?? null];
    const begun = await this.transaction
      .pipeline<BegunRow>(scope, [
        [storeMessages, [...place, ...stored, ...answering, ...expected]],
        ...along,
      ])
      .then(([rows]) => rows?.[0], lostRace);
    if (!begun) throw notFound('The conversation');
    if (begun.running) throw answerRunning();
    if (begun.repeated) throw sentBefore();
    return begun.changed ? undefined : begun.history;
  }

  /** Stores what an answer has said so far. Nothing happens where the conversation was deleted meanwhile. */
  async save(scope: Scope, id: string, said: Pick<ChatMessage, 'parts' | 'modelRef'>): Promise<void> {
    await this.transaction.pipeline(scope, [this.statementToSave(scope, id, said)]);
  }

  /**
   * Stores how an answer ended, in one transaction with `endOfLog`. It must not be lost: until then the conversation
   * takes no other message. False where the log is not this process's to end, or the answer is gone.
   */
  async end(
    scope: Scope,
    id: string,
    state: Pick<ChatMessage, 'parts' | 'modelRef'> & Partial<Pick<ChatMessage, 'status' | 'error'>>,
    endOfLog: Statement[],
  ): Promise<boolean> {
    // First the log, which only the process that the row names may write. Where it may not, whoever may ends the log.
    const owned = endOfLog.length > 0 ? { instanceId: null } : {};
    const statements = [...endOfLog, this.statementToSave(scope, id, { ...state, ...owned })];
    const [log] = await writeWithPatience(() =>
      this.transaction.pipeline<{ isOwned?: boolean }>(scope, statements),
    );
    return log?.[0]?.isOwned ?? false;
  }

  private statementToSave({ teamId, userId }: Scope, id: string, change: Partial<ChatMessage>): Statement {
    return this.transaction
      .statement()
      .update(ChatMessage)
      .set({ ...change, updatedAt: new Date() })
      .where({ teamId, userId, id, status: In(['streaming', 'interrupted']) })
      .getQueryAndParameters();
  }
}

function answerRunning(): AppError {
  return new AppError(
    'CONFLICT',
    'An answer is running in this conversation. Wait for it, or stop it (POST …/stop).',
  );
}

function sentBefore(): AppError {
  return new AppError(
    'CONFLICT',
    'A message with this id was sent before. Read the conversation, or send it under another id.',
  );
}

function sentAtOnce(): AppError {
  return new AppError(
    'CONFLICT',
    'A message was sent under this idempotency key at the same moment. Send it again.',
  );
}

/** Two sent at the same moment: the unique indexes let one win, and say to the other what it ran into. */
function lostRace(error: unknown): never {
  const constraint = error instanceof Error && 'constraint' in error ? error.constraint : undefined;
  if (constraint === 'chat_message_one_answer') throw answerRunning();
  if (constraint === 'chat_message_client_id') throw sentBefore();
  if (constraint === 'chat_idempotency_key_pkey') throw sentAtOnce();
  throw error;
}

interface BegunRow {
  running: boolean;
  repeated: boolean;
  changed: boolean;
  history: Pick<ChatMessage, 'id' | 'role' | 'parts'>[];
}

/**
 * Stores nothing, and gives no row where the conversation is not there, or says why: an answer is running, or the
 * client's id was sent before, the conversation is another than was thought.
 */
const storeMessages = `
  with session as (
    select model_id, agent_id, exists (
             select from chat_agent_switch where team_id = $1 and user_id = $2 and session_id = $3) as had_agent
      from chat_session where team_id = $1 and user_id = $2 and id = $3
  ), history as materialized (
    select id, role, parts, status, client_id from chat_message
     where team_id = $1 and user_id = $2 and session_id = $3
  ), found as (
    select coalesce(bool_or(status = 'streaming'), false) as running,
           coalesce(bool_or(client_id = $4::text), false) as repeated,
           count(id) = 0 as fresh,
           coalesce((select model_id is distinct from $11::uuid or agent_id is distinct from $12::uuid or had_agent <> $13
                       from session), false) as changed
      from history
  ), open as (
    select id, fresh from chat_session cross join found
     where team_id = $1 and user_id = $2 and id = $3 and not running and not repeated and not changed
  ), stored as (
    insert into chat_message (team_id, id, session_id, user_id, role, parts, status, model_ref, execution_id,
                              client_id, instance_id, created_at, updated_at)
    select $1, message.id, $3, $2, role, parts, status, model_ref, execution_id, client_id, instance_id, $6, $6
      from open cross join jsonb_populate_recordset(null::chat_message, $5::jsonb) as message
  ), touched as (
    update chat_session
       set updated_at = $6, title = case when title = '' and (select fresh from found) then $7 else title end,
           agent_name = case when agent_id = $8::uuid then $9 else agent_name end,
           agent_version = case when agent_id = $8::uuid then $10 else agent_version end
     where team_id = $1 and user_id = $2 and id = $3 and exists (select from open)
  )
  select running, repeated, changed,
         (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'role', role, 'parts', parts) order by id), '[]')
            from history) as history
    from found
   where exists (select from chat_session where team_id = $1 and user_id = $2 and id = $3)`;

/** What differs between the two messages, under the names of the columns. */
function toRow({
  id,
  role,
  parts,
  status,
  modelRef,
  executionId,
  clientId,
  instanceId,
}: ChatMessage): object {
  return {
    id,
    role,
    parts,
    status,
    model_ref: modelRef,
    execution_id: executionId,
    client_id: clientId,
    instance_id: instanceId,
  };
}
