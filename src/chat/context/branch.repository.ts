import { Inject, Injectable } from '@nestjs/common';
import { LessThan } from 'typeorm';
import type { Scope } from '@kdx/shared';
import { TeamTransaction } from '../../platform/database';
import { ChatMessage } from '../sessions/chat.entities';

/** A message as its place in a conversation and its parts. */
export type BranchMessage = Pick<ChatMessage, 'id' | 'role' | 'parts'>;

/** The messages that led to an answer. Every method takes the scope first: the team and the user whose they are. */
@Injectable()
export class BranchRepository {
  constructor(@Inject(TeamTransaction) private readonly transaction: TeamTransaction) {}

  /** Oldest first, those without content left out: what was there to be sent when the answer was given. */
  async listBefore(scope: Scope, sessionId: string, answerId: string): Promise<BranchMessage[]> {
    const { teamId, userId } = scope;
    const messages = await this.transaction.run(scope, (manager) =>
      manager.find(ChatMessage, {
        select: { id: true, role: true, parts: true },
        where: { teamId, userId, sessionId, id: LessThan(answerId) },
        order: { id: 'ASC' },
      }),
    );
    return messages.filter(({ parts }) => parts.length > 0);
  }
}
