import { Inject, Injectable } from '@nestjs/common';
import { Not } from 'typeorm';
import type { Scope } from '@kdx/shared';
import { TeamTransaction } from '../../platform/database';
import { ChatMessage, ChatSession } from '../sessions/chat.entities';
import { ChatContext, ChatSummary } from './context.entities';

/** The latest summaries of a conversation are enough: older ones say less, or belong to branches long left. */
const summariesRead = 20;

/** What is known from before when a conversation has to be cut. */
export interface EarlierContext {
  /** Latest first; of any branch. */
  summaries: ChatSummary[];
  /** Of the answer before, by each model that was asked for it. */
  contexts: ChatContext[];
}

/** A summary that was deleted meanwhile is not named. */
const insertContext = `
  insert into chat_context (team_id, user_id, session_id, message_id, id, model_ref, tokenizer, budget, first_message_id,
                            sent, left_out, note_tokens, summary_id, created_at)
  select team_id, user_id, session_id, id, $4, $5, $6, $7::jsonb, $8, $9, $10, $11,
         (select id from chat_summary where team_id = $1 and user_id = $2 and id = $12), $13
    from chat_message where team_id = $1 and user_id = $2 and id = $3`;

/** What models were sent, and summaries. Every method takes the scope first: the team and the user whose they are. */
@Injectable()
export class ContextRepository {
  constructor(@Inject(TeamTransaction) private readonly transaction: TeamTransaction) {}

  /** `answerId` is the answer before this one, where there is one. */
  findEarlier(scope: Scope, sessionId: string, answerId: string | undefined): Promise<EarlierContext> {
    const { teamId, userId } = scope;
    return this.transaction.run(scope, async (manager) => ({
      summaries: await manager.find(ChatSummary, {
        where: { teamId, userId, sessionId },
        order: { createdAt: 'DESC', id: 'DESC' },
        take: summariesRead,
      }),
      contexts:
        answerId === undefined
          ? []
          : await manager.findBy(ChatContext, { teamId, userId, messageId: answerId }),
    }));
  }

  /** In one round trip: the model is being asked meanwhile. Nothing happens where the conversation was deleted. */
  async insert({ teamId, userId }: Scope, context: ChatContext): Promise<void> {
    const { id, messageId, modelRef, tokenizer, firstMessageId, sent, leftOut, noteTokens } = context;
    const budget = context.budget && JSON.stringify(context.budget);
    const said = [modelRef, tokenizer, budget, firstMessageId, sent, leftOut, noteTokens];
    const values = [teamId, userId, messageId, id, ...said, context.summaryId, context.createdAt];
    await this.transaction.pipeline({ teamId, userId }, [[insertContext, values]]);
  }

  /** False, and nothing stored, where the conversation or the message was deleted meanwhile. */
  insertSummary(scope: Scope, summary: ChatSummary): Promise<boolean> {
    const { teamId, userId } = scope;
    return this.transaction.run(scope, async (manager) => {
      const { sessionId, upToMessageId } = summary;
      if (!(await manager.existsBy(ChatMessage, { teamId, userId, sessionId, id: upToMessageId })))
        return false;
      await manager.insert(ChatSummary, summary);
      return true;
    });
  }

  /** An answer with what its models were sent; `null` for what is no answer in this conversation. */
  findAnswer(
    scope: Scope,
    sessionId: string,
    id: string,
  ): Promise<{ answer: ChatMessage; contexts: ChatContext[]; summaries: ChatSummary[] } | null> {
    const { teamId, userId } = scope;
    return this.transaction.run(scope, async (manager) => {
      const answer = await manager.findOneBy(ChatMessage, {
        teamId,
        userId,
        sessionId,
        id,
        role: 'assistant',
      });
      if (!answer) return null;
      const contexts = await manager.find(ChatContext, {
        where: { teamId, userId, messageId: id },
        order: { id: 'ASC' },
      });
      const ids = contexts.flatMap(({ summaryId }) => summaryId ?? []);
      const summaries = await Promise.all(
        ids.map((summaryId) => manager.findOneBy(ChatSummary, { teamId, userId, id: summaryId })),
      );
      return { answer, contexts, summaries: summaries.filter((summary) => summary !== null) };
    });
  }

  /** What a person called it stays: only a title that is the beginning of the first message is replaced. */
  async setGeneratedTitle(scope: Scope, id: string, title: string): Promise<boolean> {
    const { teamId, userId } = scope;
    const { affected } = await this.transaction.run(scope, (manager) =>
      manager.update(
        ChatSession,
        { teamId, userId, id, titleSource: 'message', title: Not('') },
        { title, titleSource: 'generated' },
      ),
    );
    return affected === 1;
  }

  /** Whether a conversation is there, and still has the beginning of its first message for a title. */
  wantsTitle(scope: Scope, id: string): Promise<boolean> {
    const { teamId, userId } = scope;
    return this.transaction.run(scope, (manager) =>
      manager.existsBy(ChatSession, { teamId, userId, id, titleSource: 'message' }),
    );
  }
}
