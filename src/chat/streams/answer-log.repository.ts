import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Scope } from '@kdx/shared';
import { Database, Housekeeping, Recovery, TeamTransaction, type Statement } from '../../platform/database';
import { ChatAnswerEvent } from './answer-log.entities';
import type { MessageStatus } from '../sessions/chat.entities';

const channel = 'ai_studio_answer_events';
/** Rows that a reader takes at once. */
const pageRows = 32;

/** Whose an answer is. */
type OwnedScope = Pick<Scope, 'teamId' | 'userId'>;

/** Events that go into the log together. */
export interface EventBatch {
  /** Number of its last event. */
  seq: number;
  /** Where it ends, in bytes from the answer's beginning. */
  end: number;
  isEnd: boolean;
  text: string;
}

/** Statements that write the end of a log, for the transaction that stores the end of the answer. */
export type EndOfLog = Statement[];

/** An answer as one who wants to read its stream needs it. */
export interface LoggedAnswer {
  id: string;
  status: MessageStatus;
  /** The process that gives it, or gave it before it vanished; `null` once the answer has its final state. */
  instanceId: number | null;
  /** Number of the last event in the log, and where it ends in bytes; 0 where there is no log. */
  lastNumber: number;
  bytes: number;
  /** Whether the log holds the end. */
  isEnded: boolean;
}

/**
 * The log of answers: what each said, as the text of its stream. It is written by the process that the answer's row
 * names, and by nobody else: a process that another has taken for dead finds itself refused.
 */
@Injectable()
export class AnswerLog implements OnModuleInit {
  private listener: (messageId: string) => void = () => undefined;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(TeamTransaction) private readonly transaction: TeamTransaction,
    @Inject(Recovery) private readonly recovery: Recovery,
    @Inject(Housekeeping) housekeeping: Housekeeping,
  ) {
    housekeeping.register('streams of answers', deleteOld);
  }

  async onModuleInit(): Promise<void> {
    await this.database.session.listen(channel, (messageId) => this.listener(messageId));
  }

  /** Hears which answer has more in its log; `''` where news may have been missed. Nothing is heard on the embedded database. */
  subscribe(listener: (messageId: string) => void): void {
    this.listener = listener;
  }

  /** Adds to the log. False where this process may not, or the answer is gone; twice the same batch is once. */
  async append(scope: Scope, messageId: string, batch: EventBatch): Promise<boolean> {
    const [owner] = await this.transaction.pipeline<{ isOwned: boolean }>(
      scope,
      this.statementsToAppend(scope, messageId, [batch]),
    );
    return owner?.[0]?.isOwned ?? false;
  }

  /** The same as statements for a transaction of somebody else's. */
  statementsToAppend(scope: Scope, messageId: string, batches: EventBatch[]): EndOfLog {
    const { teamId, userId } = scope;
    const { instanceId } = this.recovery;
    const appends = batches.map(({ seq, end, isEnd, text }): Statement => [
      appendAsOwner,
      [teamId, userId, messageId, instanceId, seq, end, isEnd, text],
    ]);
    return this.database.mode === 'server' && batches.length > 0
      ? [...appends, ['select pg_notify($1, $2)', [channel, messageId]]]
      : appends;
  }

  /** What comes after `offset` bytes, in order, some of it: the first one may begin before. */
  async read(scope: Scope, messageId: string, offset: number): Promise<EventBatch[]> {
    const [rows] = await this.transaction.pipeline<EventBatch>(scope, [
      [readAfterOffset, [scope.teamId, scope.userId, messageId, offset]],
    ]);
    return rows ?? [];
  }

  /** The batch that holds the first event after or at this number. */
  async findBatch(scope: Scope, messageId: string, number: number): Promise<EventBatch | undefined> {
    const [rows] = await this.transaction.pipeline<EventBatch>(scope, [
      [readFromEvent, [scope.teamId, scope.userId, messageId, number]],
    ]);
    return rows?.[0];
  }

  /** An answer's state first, then its log: an answer that was over by then has all of its log. */
  async follow(
    scope: Scope,
    messageId: string,
    offset: number,
  ): Promise<{ answer: LoggedAnswer | undefined; batches: EventBatch[] }> {
    const place = [scope.teamId, scope.userId, messageId];
    const [answers, batches] = await this.transaction.pipeline<LoggedAnswer & EventBatch>(scope, [
      [selectAnswer, place],
      [readAfterOffset, [...place, offset]],
    ]);
    return { answer: answers?.[0], batches: batches ?? [] };
  }

  async findAnswer(scope: Scope, messageId: string): Promise<LoggedAnswer | undefined> {
    const [rows] = await this.transaction.pipeline<LoggedAnswer>(scope, [
      [selectAnswer, [scope.teamId, scope.userId, messageId]],
    ]);
    return rows?.[0];
  }

  /** The latest answer of a conversation. */
  async findLatestAnswer(scope: Scope, sessionId: string): Promise<LoggedAnswer | undefined> {
    const [rows] = await this.transaction.pipeline<LoggedAnswer>(scope, [
      [selectLatestAnswer, [scope.teamId, scope.userId, sessionId]],
    ]);
    return rows?.[0];
  }

  /**
   * Takes an interrupted answer over from a process that is gone, in one transaction: from then on that process cannot
   * write its log. `end` gets what was stored of it and all that is in its log, and says what its parts are and how the
   * log ends; it is not called where another has taken it over, or it ended properly.
   */
  async takeOver(
    scope: OwnedScope,
    messageId: string,
    end: (
      stored: object[],
      logged: EventBatch[],
    ) => Promise<{ parts: object[]; last: EventBatch | undefined }>,
  ): Promise<void> {
    const place = [scope.teamId, scope.userId, messageId];
    await this.transaction.run(scope, async (manager) => {
      // Whoever writes its log holds the row against this lock; who comes later finds that it is no longer theirs.
      const [answer] = await manager.query<{ parts: object[] }[]>(lockAbandoned, place);
      if (!answer) return;
      const { teamId } = scope;
      const rows = await manager.find(ChatAnswerEvent, {
        where: { teamId, messageId },
        order: { seq: 'ASC' },
      });
      const { parts, last } = await end(
        answer.parts,
        rows.map(({ seq, bytes, isEnd, text }) => ({ seq, end: bytes, isEnd, text })),
      );
      if (last) await manager.insert(ChatAnswerEvent, toRow(scope, messageId, last));
      await manager.query(settleAbandoned, [...place, JSON.stringify(parts)]);
      if (this.database.mode === 'server')
        await manager.query('select pg_notify($1, $2)', [channel, messageId]);
    });
  }
}

function toRow(
  { teamId, userId }: OwnedScope,
  messageId: string,
  { seq, end, isEnd, text }: EventBatch,
): ChatAnswerEvent {
  return { teamId, userId, messageId, seq, bytes: end, isEnd, text, createdAt: new Date() };
}

const columns = `seq, bytes as "end", is_end as "isEnd", text`;
const ofMessage = 'team_id = $1 and user_id = $2 and message_id = $3';

const appendAsOwner = `
  with owner as (
    select from chat_message where team_id = $1 and user_id = $2 and id = $3 and instance_id = $4 for key share
  ), stored as (
    insert into chat_answer_event (team_id, user_id, message_id, seq, bytes, is_end, text, created_at)
    select $1::uuid, $2::uuid, $3::uuid, $5::bigint, $6::bigint, $7::boolean, $8::text, now() from owner
    on conflict do nothing
  )
  select exists (select from owner) as "isOwned"`;

const readAfterOffset = `
  select ${columns} from chat_answer_event where ${ofMessage} and bytes > $4 order by seq limit ${pageRows}`;

const readFromEvent = `
  select ${columns} from chat_answer_event where ${ofMessage} and seq >= $4 order by seq limit 1`;

const answerColumns = `
  message.id, message.status, message.instance_id as "instanceId", coalesce(last.seq, 0) as "lastNumber",
  coalesce(last.bytes, 0) as bytes, coalesce(last.is_end, false) as "isEnded"`;
const lastOfLog = `
  left join lateral (
    select seq, bytes, is_end from chat_answer_event
     where team_id = $1 and user_id = $2 and message_id = message.id order by seq desc limit 1) last on true`;

const selectAnswer = `
  select ${answerColumns} from chat_message message ${lastOfLog}
   where message.team_id = $1 and message.user_id = $2 and message.id = $3 and message.role = 'assistant'`;

const selectLatestAnswer = `
  select ${answerColumns}
    from (select id, status, instance_id from chat_message
           where team_id = $1 and user_id = $2 and session_id = $3 and role = 'assistant' order by id desc limit 1) message
    ${lastOfLog}`;

const lockAbandoned = `
  select parts from chat_message
   where team_id = $1 and user_id = $2 and id = $3 and status = 'interrupted' and instance_id is not null for update`;

const settleAbandoned = `
  update chat_message set parts = $4::jsonb, instance_id = null, updated_at = now()
   where team_id = $1 and user_id = $2 and id = $3`;

/** Whole answers at once, ten minutes after they ended: half a log would be none. */
const deleteOld = `
  delete from chat_answer_event where (team_id, message_id) in (
    select team_id, message_id from chat_answer_event
     where is_end and created_at < now() - interval '10 minutes' order by created_at limit 50)`;
