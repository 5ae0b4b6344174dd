import { Inject, Injectable } from '@nestjs/common';
import type { Scope } from '@kdx/shared';
import { AiStudioService, type TokenCounter } from '../../ai-studio';
import { notFound } from '../../platform/errors';
import { BranchRepository } from '../sessions/branch.repository';
import type { HistoryMessage } from '../sessions/message.repository';
import {
  maxListedMessages,
  type ContextMessageView,
  type ContextSummaryView,
  type ContextView,
} from './context.dto';
import type { ChatSummary } from './context.entities';
import { ContextRepository } from './context.repository';
import { countMessage } from './message-tokens';

/** Shows what the model of an answer was sent. */
@Injectable()
export class ContextViewService {
  constructor(
    @Inject(ContextRepository) private readonly contexts: ContextRepository,
    @Inject(BranchRepository) private readonly branch: BranchRepository,
    @Inject(AiStudioService) private readonly aiStudio: AiStudioService,
  ) {}

  /**
   * Of the model that answered; of the last that was asked where none did. Tokens are counted anew, as that model's were.
   * Throws `NOT_FOUND` for what is no answer of the conversation, or one from before this was kept.
   */
  async get(scope: Scope, sessionId: string, messageId: string): Promise<ContextView> {
    const found = await this.contexts.findAnswer(scope, sessionId, messageId);
    if (!found) throw notFound('The answer');
    const { answer, contexts, summaries } = found;
    const context = contexts.find(({ modelRef }) => modelRef === answer.modelRef) ?? contexts.at(-1);
    if (!context) throw notFound('What the model of this answer was sent');
    const messages = await this.branch.listBefore(scope, sessionId, messageId);
    const start = messages.findIndex(({ id }) => id === context.firstMessageId);
    const counter = await this.aiStudio.getTokenCounter(context.tokenizer);
    const toView = (message: HistoryMessage) => toMessageView(message, context.tokenizer, counter);
    const leftOut = start < 0 ? [] : messages.slice(0, start);
    const sent = messages.slice(Math.max(start, 0)).slice(-maxListedMessages).map(toView);
    const summary = summaries.find(({ id }) => id === context.summaryId);
    return {
      messageId,
      executionId: answer.executionId,
      modelRef: context.modelRef,
      budget: context.budget,
      tokens: sent.reduce((sum, message) => sum + message.tokens, context.noteTokens),
      estimated: sent.some(({ estimated }) => estimated),
      sentCount: context.sent,
      sent,
      leftOutCount: context.leftOut,
      leftOut: leftOut.slice(-maxListedMessages).map(toView),
      noteTokens: context.noteTokens,
      summary: summary ? toSummaryView(summary) : null,
    };
  }
}

function toMessageView(
  message: HistoryMessage,
  tokenizer: string,
  counter: TokenCounter,
): ContextMessageView {
  const { tokens, estimated } = countMessage(message, tokenizer, counter);
  return { id: message.id, role: message.role, tokens, estimated };
}

function toSummaryView({
  id,
  text,
  upToMessageId,
  modelRef,
  executionId,
  createdAt,
}: ChatSummary): ContextSummaryView {
  return { id, text, upToMessageId, modelRef, executionId, createdAt: createdAt.toISOString() };
}
