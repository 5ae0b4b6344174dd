import { Inject, Injectable } from '@nestjs/common';
import type { Scope } from '@kdx/shared';
import { Housekeeping, TeamTransaction, type Statement } from '../../platform/database';
import { AppError } from '../../platform/errors';
import { ChatIdempotencyKey } from './answer-log.entities';
import type { SendOnce } from './send-once';

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
    const { teamId, userId } = scope;
    const found = await this.transaction.run(scope, (manager) =>
      manager.findOneBy(ChatIdempotencyKey, { teamId, userId, key }),
    );
    if (found && !found.requestHash.equals(requestHash)) throw usedForAnother();
    return found?.messageId;
  }

  /** For the transaction that stores the message: keeps nothing where it did not, and fails where the key is there. */
  statementToKeep({ teamId, userId }: Scope, { key, requestHash }: SendOnce, answerId: string): Statement {
    return [insert, [teamId, userId, answerId, key, requestHash]];
  }
}

function usedForAnother(): AppError {
  return new AppError(
    'CONFLICT',
    'This idempotency key was used for another message. Send the same message under it, or this one under a new key.',
  );
}

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
