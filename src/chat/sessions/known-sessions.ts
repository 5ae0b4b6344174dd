import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Scope } from '@kdx/shared';
import type { SessionToAnswer } from './session.repository';

/**
 * Conversations that this process has seen, so that an answer need not read one before it begins. It may be wrong: what is
 * remembered is compared with the row when the message is stored, and nothing is stored where they differ. Conversations
 * that have, or had, an agent are not remembered: what their model is told changes with every answer.
 */
@Injectable()
export class KnownSessions {
  private readonly sessions = new LRUCache<string, SessionToAnswer>({ max: 20_000 });

  find(scope: Scope, id: string): SessionToAnswer | undefined {
    return this.sessions.get(keyOf(scope, id));
  }

  remember(scope: Scope, session: SessionToAnswer): void {
    if (session.hadAgent) this.sessions.delete(keyOf(scope, session.id));
    else this.sessions.set(keyOf(scope, session.id), session);
  }

  forget(scope: Scope, id: string): void {
    this.sessions.delete(keyOf(scope, id));
  }
}

function keyOf({ teamId, userId }: Scope, id: string): string {
  return `${teamId}/${userId}/${id}`;
}
