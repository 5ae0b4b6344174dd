import { Inject, Injectable } from '@nestjs/common';
import type { Scope } from '@kdx/shared';
import { TeamTransaction } from '../../platform/database';
import { validationFailed } from '../../platform/http';
import type { ChatSession } from './chat.entities';
import type { SessionFilter } from './session.repository';

/** A conversation that was found, and where. */
export interface SessionHit extends ChatSession {
  /** The newest message that has the words; `null` where only the title has them. */
  messageId: string | null;
  /** What stands around them there. */
  snippet: string | null;
}

/** Search in what a user can see. Every method takes the scope first: the team and the user whose it is. */
@Injectable()
export class SearchRepository {
  constructor(@Inject(TeamTransaction) private readonly transaction: TeamTransaction) {}

  /**
   * Conversations in whose title or in one of whose messages all words of `q` are, the last as the beginning of one;
   * latest first. Throws `VALIDATION_FAILED` where `q` has no word.
   */
  find(scope: Scope, q: string, { folderId, after, limit }: SessionFilter): Promise<SessionHit[]> {
    return this.transaction.run(scope, (manager) =>
      manager.query<SessionHit[]>(search, [
        scope.teamId,
        scope.userId,
        toQuery(q),
        folderId !== undefined,
        folderId ?? null,
        after?.[0] ?? null,
        after?.[1] ?? null,
        limit,
      ]),
    );
  }
}

/**
 * From the latest conversation on, as long as the page is not full; in each the newest message. Row-level security looks
 * at each row before the text does, so that no index of words could help: the user's own messages are read, by their key.
 */
const search = `
  select session.team_id as "teamId", session.id, session.user_id as "userId", session.title, session.model_id as "modelId",
         session.agent_id as "agentId", session.agent_name as "agentName", session.agent_version as "agentVersion",
         session.folder_id as "folderId", session.head_message_id as "headMessageId", session.client_id as "clientId",
         session.created_at as "createdAt", session.updated_at as "updatedAt", said.id as "messageId",
         ts_headline('simple', chat_shown_text(said.parts), to_tsquery('simple', $3),
                     'StartSel="", StopSel="", MaxWords=30, MinWords=12') as snippet
    from chat_session session
    left join lateral (
      select message.id, message.parts from chat_message message
       where message.team_id = $1 and message.user_id = $2 and message.session_id = session.id
         and message.words @@ to_tsquery('simple', $3)
       order by message.id desc limit 1
    ) said on true
   where session.team_id = $1 and session.user_id = $2
     and (said.id is not null or chat_words(session.title) @@ to_tsquery('simple', $3))
     and (not $4::boolean or session.folder_id is not distinct from $5::uuid)
     and ($6::timestamptz is null or (session.updated_at, session.id) < ($6::timestamptz, $7::uuid))
   order by session.updated_at desc, session.id desc limit $8`;

const maxWords = 20;

/** The database parts words at ASCII punctuation and at spaces; so does this, and quotes what is left. */
function toQuery(q: string): string {
  const words = q.split(/[\s!-/:-@[-`{-~]+/).filter((word) => word !== '');
  if (words.length === 0) throw validationFailed([{ field: 'q', problem: 'must have a word' }]);
  if (words.length > maxWords)
    throw validationFailed([{ field: 'q', problem: `must have at most ${maxWords} words` }]);
  return `${words.map((word) => `'${word}'`).join(' & ')}:*`;
}
