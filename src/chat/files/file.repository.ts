import { Inject, Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { Scope } from '@kdx/shared';
import { TeamTransaction, type Statement } from '../../platform/database';
import { ChatFile } from './chat-file.entity';
import type { NewFile } from './new-file';

/** Files of messages. Every method takes the scope first: the team and the user whose they are. */
@Injectable()
export class FileRepository {
  constructor(@Inject(TeamTransaction) private readonly transaction: TeamTransaction) {}

  find(scope: Scope, sessionId: string, id: string): Promise<ChatFile | null> {
    const { teamId, userId } = scope;
    return this.transaction.run(scope, (manager) =>
      manager.findOneBy(ChatFile, { teamId, userId, sessionId, id }),
    );
  }

  /** Those of `ids` that are there, in no order. */
  listByIds(scope: Scope, sessionId: string, ids: string[]): Promise<ChatFile[]> {
    const { teamId, userId } = scope;
    return this.transaction.run(scope, (manager) =>
      manager.findBy(ChatFile, { teamId, userId, sessionId, id: In(ids) }),
    );
  }

  /** How many bytes each of `ids` has. */
  async sizes(scope: Scope, sessionId: string, ids: string[]): Promise<Map<string, number>> {
    const rows = await this.transaction.run(scope, (manager) =>
      manager.query<{ id: string; size: number }[]>(
        `select id, length(content) as size from chat_file
          where team_id = $1 and user_id = $2 and session_id = $3 and id = any($4)`,
        [scope.teamId, scope.userId, sessionId, ids],
      ),
    );
    return new Map(rows.map(({ id, size }) => [id, size]));
  }
}

/** Stores a file of a message in the transaction that stores the message: where that was not stored, neither is this. */
export function storeFile(
  { teamId, userId }: Scope,
  { sessionId, messageId, createdAt }: Pick<ChatFile, 'sessionId' | 'messageId' | 'createdAt'>,
  { id, mediaType, filename, content }: NewFile,
): Statement {
  return [
    `insert into chat_file (team_id, id, user_id, session_id, message_id, media_type, filename, content, created_at)
     select $1, $5::uuid, $2, $3, $4, $6::text, $7::text, $8::bytea, $9::timestamptz
      where exists (select from chat_message where team_id = $1 and user_id = $2 and session_id = $3 and id = $4)`,
    [teamId, userId, sessionId, messageId, id, mediaType, filename, content, createdAt],
  ];
}
