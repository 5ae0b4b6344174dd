import { Inject, Injectable } from '@nestjs/common';
import { In, MoreThan, Not } from 'typeorm';
import type { Scope } from '@kdx/shared';
import type { ExecutionConfig } from '../../ai-studio';
import { Recovery, TeamTransaction, writeWithPatience, type Statement } from '../../platform/database';
import { AppError, notFound } from '../../platform/errors';
import { storeFile } from '../files/file.repository';
import type { NewFile } from '../files/new-file';
import { ChatMessage } from './chat.entities';
import type { SessionToAnswer } from './session.repository';

/** A message as a model is told of it. */
export type HistoryMessage = Pick<ChatMessage, 'id' | 'role' | 'parts'>;

/** Where what is sent goes: to the end of what is shown, after a message (`null`: a new beginning), or as another answer to a question. */
export type Place =
  | { after: 'head' }
  | { after: 'message'; messageId: string | null }
  | { after: 'question'; messageId: string };

/** What is sent, ready to be stored. */
export interface NewMessages {
  /** Absent where another answer is given to a question that there is. */
  question?: ChatMessage | undefined;
  answer: ChatMessage;
  place: Place;
  title: string;
  files?: NewFile[];
  /** The client's name of an earlier question, which means this one from now on: it was edited. */
  takenName?: string | undefined;
}

type Said = Pick<ChatMessage, 'parts' | 'modelRef' | 'triedModels'>;

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
   * Stores what is sent: a question and the empty answer to it, or another answer to a question that there is; the answer
   * is shown from then on, and is given by this process, by the agent's version. Answers what was said before in its
   * branch. One round trip. `undefined`, and nothing stored, where the conversation is no more as `session` says. Throws
   * `NOT_FOUND` for a conversation or a place that is none of the user's, `CONFLICT` while an answer is running or for a
   * message that was sent before.
   * @param along statements for the same transaction, after the messages; they have to bear that nothing was stored
   */
  async begin(
    scope: Scope,
    session: Pick<SessionToAnswer, 'modelId' | 'agentId' | 'hadAgent'>,
    { question, answer, place, title, files = [], takenName }: NewMessages,
    agent: ExecutionConfig['agent'],
    along: Statement[] = [],
  ): Promise<HistoryMessage[] | undefined> {
    const where = [scope.teamId, scope.userId, answer.sessionId];
    const own = { ...answer, instanceId: this.recovery.instanceId };
    const messages = (question ? [question, own] : [own]).map(toRow);
    const stored = [question?.clientId ?? null, JSON.stringify(messages), answer.createdAt, title];
    const expected = [session.modelId, session.agentId, session.hadAgent];
    const answering = [agent?.id ?? null, agent?.name ?? null, agent?.version ?? null];
    const placed = [place.after, place.after === 'head' ? null : place.messageId, answer.id];
    const begun = await this.transaction
      .pipeline<BegunRow>(scope, [
        [storeMessages, [...where, ...stored, ...answering, ...expected, ...placed]],
        ...files.map((file) => storeFile(scope, { ...answer, messageId: question?.id ?? answer.id }, file)),
        ...(question && takenName !== undefined ? takeName(where, question.id, takenName) : []),
        ...along,
      ])
      .then(([rows]) => rows?.[0], lostRace);
    if (!begun) throw notFound('The conversation');
    if (begun.running) throw answerRunning();
    if (begun.repeated) throw sentBefore();
    if (begun.lost) throw notFound('The message to follow');
    return begun.changed ? undefined : begun.history;
  }

  /** Stores what an answer has said so far. Nothing happens where the conversation was deleted meanwhile. */
  async save(scope: Scope, id: string, said: Said): Promise<void> {
    await this.transaction.pipeline(scope, [this.statementToSave(scope, id, said)]);
  }

  /**
   * Stores how an answer ended, in one transaction with `endOfLog`. It must not be lost: until then the conversation
   * takes no other message. False where the log is not this process's to end, or the answer is gone.
   */
  async end(
    scope: Scope,
    id: string,
    state: Said & Partial<Pick<ChatMessage, 'status' | 'error'>>,
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
  lost: boolean;
  changed: boolean;
  history: HistoryMessage[];
}

const ofSession = 'team_id = $1 and user_id = $2 and session_id = $3';

/**
 * Stores nothing, and gives no row where the conversation is not there, or says why: an answer is running, the client's
 * id was sent before, the message to follow is not there, the conversation is another than was thought. What follows a
 * question follows its newest answer; another answer ($14 = 'question') stands beside the others. The history is read
 * upwards from there, one message at a time by its key: the limit keeps it from being joined with all of them at each step.
 */
const storeMessages = `
  with recursive session as (
    select model_id, agent_id, head_message_id, exists (
             select from chat_agent_switch where ${ofSession}) as had_agent
      from chat_session where team_id = $1 and user_id = $2 and id = $3
  ), place as (
    select case $14::text
             when 'head' then head_message_id
             when 'question' then $15::uuid
             else coalesce((select id from chat_message
                             where ${ofSession} and parent_id = $15 and role = 'assistant' order by id desc limit 1), $15)
           end as parent_id
      from session
  ), history as (
    select id, parent_id, role, parts, 0 as distance from chat_message
     where ${ofSession} and id = (select parent_id from place)
    union all
    select message.id, message.parent_id, message.role, message.parts, history.distance + 1
      from history cross join lateral (
             select id, parent_id, role, parts from chat_message where ${ofSession} and id = history.parent_id limit 1
           ) message
  ), found as (
    select exists (select from chat_message where ${ofSession} and status = 'streaming') as running,
           exists (select from chat_message where ${ofSession} and client_id = $4::text) as repeated,
           not exists (select from chat_message where ${ofSession}) as fresh,
           parent_id is not null and not exists (select from history) as lost,
           model_id is distinct from $11::uuid or agent_id is distinct from $12::uuid or had_agent <> $13 as changed
      from session cross join place
  ), open as (
    select parent_id from found cross join place where not running and not repeated and not lost and not changed
  ), stored as (
    insert into chat_message (team_id, id, session_id, user_id, parent_id, role, parts, status, model_ref, execution_id,
                              client_id, instance_id, created_at, updated_at)
    select $1, message.id, $3, $2, coalesce(message.parent_id, open.parent_id), role, parts, status, model_ref, execution_id,
           client_id, instance_id, $6, $6
      from open cross join jsonb_populate_recordset(null::chat_message, $5::jsonb) as message
  ), touched as (
    update chat_session
       set updated_at = $6, title = case when title_source = 'message' and title = '' and (select fresh from found) then $7 else title end,
           agent_name = case when agent_id = $8::uuid then $9 else agent_name end,
           agent_version = case when agent_id = $8::uuid then $10 else agent_version end,
           head_message_id = $16::uuid
     where team_id = $1 and user_id = $2 and id = $3 and exists (select from open)
  )
  select running, repeated, lost, changed,
         (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'role', role, 'parts', parts) order by distance desc), '[]')
            from history) as history
    from found`;

/** In the transaction that stores the message, and only where that was stored. In two statements: a name is unique at any moment. */
function takeName(where: string[], id: string, name: string): Statement[] {
  const stored = `exists (select from chat_message where ${ofSession} and id = $5)`;
  return [
    [
      `update chat_message set client_id = null where ${ofSession} and client_id = $4::text and ${stored}`,
      [...where, name, id],
    ],
    [`update chat_message set client_id = $4::text where ${ofSession} and id = $5`, [...where, name, id]],
  ];
}

/** What differs between the two messages, under the names of the columns. */
function toRow({
  id,
  parentId,
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
    parent_id: parentId,
    role,
    parts,
    status,
    model_ref: modelRef,
    execution_id: executionId,
    client_id: clientId,
    instance_id: instanceId,
  };
}
