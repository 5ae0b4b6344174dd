import { Inject, Injectable } from '@nestjs/common';
import { In, MoreThan } from 'typeorm';
import type { Scope } from '@kdx/shared';
import { Recovery, TeamTransaction, writeWithPatience } from '../../platform/database';
import { AppError, notFound } from '../../platform/errors';
import { ChatMessage, ChatSession } from './chat.entities';

/** Messages of conversations. Every method takes the scope first: the team and the user whose they are. */
@Injectable()
export class MessageRepository {
  constructor(
    @Inject(TeamTransaction) private readonly transaction: TeamTransaction,
    @Inject(Recovery) private readonly recovery: Recovery,
  ) {
    recovery.register(
      'answers',
      (isGone) =>
        `update chat_message set status = 'interrupted', updated_at = now() where status = 'streaming' and ${isGone}`,
    );
  }

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

  /**
   * Stores a question and the empty answer to it, which this process gives, and answers what was said before. Throws `NOT_FOUND` for a
   * conversation that is none of the user's, `CONFLICT` while an answer is running or for a message that was sent before.
   */
  begin(scope: Scope, question: ChatMessage, answer: ChatMessage, title: string): Promise<ChatMessage[]> {
    const { teamId, userId } = scope;
    const { sessionId, clientId } = question;
    return this.transaction.run(scope, async (manager) => {
      const session = await manager.findOne(ChatSession, {
        where: { teamId, userId, id: sessionId },
        lock: { mode: 'pessimistic_write' },
      });
      if (!session) throw notFound('The conversation');
      const history = await manager.find(ChatMessage, {
        where: { teamId, userId, sessionId },
        order: { id: 'ASC' },
      });
      if (history.some(({ status }) => status === 'streaming')) {
        throw new AppError(
          'CONFLICT',
          'An answer is running in this conversation. Wait for it, or stop it (POST …/stop).',
        );
      }
      if (clientId !== null && history.some((message) => message.clientId === clientId)) {
        throw new AppError(
          'CONFLICT',
          'A message with this id was sent before. Read the conversation, or send it under another id.',
        );
      }
      await manager.insert(ChatMessage, [question, { ...answer, instanceId: this.recovery.instanceId }]);
      const isFirst = history.length === 0 && session.title === '';
      await manager.update(
        ChatSession,
        { teamId, id: sessionId },
        { updatedAt: question.createdAt, ...(isFirst ? { title } : {}) },
      );
      return history;
    });
  }

  /** Stores what an answer has said so far. Nothing happens where the conversation was deleted meanwhile. */
  async save(scope: Scope, id: string, said: Pick<ChatMessage, 'parts' | 'modelRef'>): Promise<void> {
    const { teamId, userId } = scope;
    await this.transaction.run(scope, (manager) =>
      manager.update(
        ChatMessage,
        { teamId, userId, id, status: In(['streaming', 'interrupted']) },
        { ...said, updatedAt: new Date() },
      ),
    );
  }

  /** Stores how an answer ended. It must not be lost: until then the conversation takes no other message. */
  end(
    scope: Scope,
    id: string,
    state: Pick<ChatMessage, 'parts' | 'modelRef'> & Partial<Pick<ChatMessage, 'status' | 'error'>>,
  ): Promise<void> {
    return writeWithPatience(() => this.save(scope, id, state));
  }
}
