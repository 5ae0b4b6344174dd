import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Scope } from '@kdx/shared';
import { Housekeeping, TeamTransaction, type Statement } from '../../platform/database';
import { AppError } from '../../platform/errors';
import { validationFailed } from '../../platform/http';

/** A key under which a message is sent once, and the digest of what is sent. */
export interface SendOnce {
  key: string;
  requestHash: Buffer;
}

/** Remembers which answer a message was given that was sent under a key of its sender's. For 24 hours. */
@Injectable()
export class IdempotencyKeys {
  constructor(
    @Inject(TeamTransaction) private readonly transaction: TeamTransaction,
    @Inject(Housekeeping) housekeeping: Housekeeping,
  ) {
    housekeeping.register('idempotency keys', deleteOld);
  }

  /**
   * The id of the answer that the same message was given; `undefined` where none was sent under this key. Throws
   * `CONFLICT` where it was another message.
   */
  async findAnswer(scope: Scope, { key, requestHash }: SendOnce): Promise<string | undefined> {
    const [rows] = await this.transaction.pipeline<{ messageId: string; isSame: boolean }>(scope, [
      [select, [scope.teamId, scope.userId, key, requestHash]],
    ]);
    const found = rows?.[0];
    if (found && !found.isSame) throw usedForAnother();
    return found?.messageId;
  }

  /** For the transaction that stores the message: keeps nothing where it did not, and fails where the key is there. */
  statementToKeep({ teamId, userId }: Scope, { key, requestHash }: SendOnce, answerId: string): Statement {
    return [insert, [teamId, userId, answerId, key, requestHash]];
  }
}

/**
 * What a client asks for under a key. Two requests are the same where they say the same, in whatever order of fields.
 * Throws `VALIDATION_FAILED` for a key that is none; `field` is where it was sent.
 */
export function toSendOnce(
  key: string | undefined,
  field: string,
  sessionId: string,
  request: object,
): SendOnce | undefined {
  if (key === undefined) return undefined;
  if (!/^[\x21-\x7e]{1,200}$/.test(key))
    throw validationFailed([{ field, problem: 'must be 1 to 200 visible ASCII characters' }]);
  const canonical = JSON.stringify([sessionId, inOrder(request)]);
  return { key, requestHash: createHash('sha256').update(canonical).digest() };
}

/** Fields in the order of their names, as deep as there are any. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return fields.map(([name, field]) => [name, inOrder(field)]).filter(([, field]) => field !== undefined);
}

function usedForAnother(): AppError {
  return new AppError(
    'CONFLICT',
    'This idempotency key was used for another message. Send the same message under it, or this one under a new key.',
  );
}

const select = `
  select message_id as "messageId", request_hash = $4 as "isSame" from chat_idempotency_key
   where team_id = $1 and user_id = $2 and key = $3`;

const insert = `
  insert into chat_idempotency_key (team_id, user_id, key, message_id, request_hash, created_at)
  select $1::uuid, $2::uuid, $4::text, id, $5::bytea, now() from chat_message
   where team_id = $1 and user_id = $2 and id = $3`;

/** The oldest first, about so many. */
const deleteOld = `
  delete from chat_idempotency_key where created_at <= (
    select max(created_at) from (
      select created_at from chat_idempotency_key
       where created_at < now() - interval '24 hours' order by created_at limit 1000) old)`;
