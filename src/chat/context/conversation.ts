import type { UIMessage } from 'ai';
import { v7 as uuidv7 } from 'uuid';
import type { Scope } from '@kdx/shared';
import type { ExecutionCandidate, ExecutionConfig } from '../../ai-studio';
import { AppError } from '../../platform/errors';
import type { Logger } from '../../platform/logging';
import type { ContextRepository, EarlierContext } from './context.repository';
import { fitConversation, type ConversationFit } from './conversation-fit';

/** The answer that a conversation is sent for. */
export interface AnswerPlace {
  sessionId: string;
  answerId: string;
}

/** A conversation on its way to the models that may answer: each gets as much of it as fits. */
export class Conversation {
  private earlier: Promise<EarlierContext> | undefined;
  private latest: ConversationFit | undefined;
  private readonly recorded = new Set<string>();

  constructor(
    readonly scope: Scope,
    readonly place: AnswerPlace,
    private readonly execution: ExecutionConfig,
    /** One branch, oldest first; the newest message is the one to answer. */
    readonly history: readonly UIMessage[],
    private readonly contexts: ContextRepository,
    private readonly logger: Logger,
  ) {}

  /** What the model that was asked last was sent; `undefined` before any was. */
  get sent(): ConversationFit | undefined {
    return this.latest;
  }

  /**
   * What to call `streamText` with: the messages for the first candidate that holds them, and a model that leaves out more
   * for a candidate that holds less. Rejects with `MODEL_NOT_AVAILABLE` where none holds the newest message.
   */
  async open(): Promise<{ model: ExecutionConfig['model']; messages: UIMessage[] }> {
    const [widest, base] = await this.findFirstFit();
    const model = this.execution.fitted(async (candidate) => {
      const own = candidate === widest ? base : await this.fitTo(candidate);
      if (!own) throw tooSmall(candidate);
      // What the first one leaves out is not in the prompt: one that holds more is sent the same.
      const fit = own.start < base.start ? base : own;
      this.record(candidate, { ...fit, budget: own.budget });
      return { turns: this.countTurns(fit.start), note: fit.note?.text };
    });
    return { model, messages: this.history.slice(base.start) };
  }

  private async findFirstFit(): Promise<[ExecutionCandidate, ConversationFit]> {
    for (const candidate of this.execution.candidates) {
      const fit = await this.fitTo(candidate);
      if (fit) return [candidate, fit];
    }
    const [first] = this.execution.candidates;
    throw first ? tooSmall(first) : new Error('An execution has a candidate.');
  }

  private fitTo(candidate: ExecutionCandidate): Promise<ConversationFit | undefined> {
    return fitConversation(this.history, candidate, () => (this.earlier ??= this.findEarlier()));
  }

  private findEarlier(): Promise<EarlierContext> {
    const before = this.history.findLast(({ role }) => role === 'assistant');
    return this.contexts.findEarlier(this.scope, this.place.sessionId, before?.id);
  }

  private countTurns(start: number): number {
    return this.history.slice(start).filter(({ role }) => role === 'user').length;
  }

  /** Beside the call, which does not wait for it: that it cannot be shown later fails no answer. */
  private record({ modelRef, window }: ExecutionCandidate, fit: ConversationFit): void {
    this.latest = fit;
    if (this.recorded.has(modelRef)) return; // a call of several steps asks it again
    this.recorded.add(modelRef);
    const { start, budget, note } = fit;
    const { teamId, userId } = this.scope;
    const { sessionId, answerId } = this.place;
    this.contexts
      .insert(this.scope, {
        teamId,
        userId,
        id: uuidv7(),
        sessionId,
        messageId: answerId,
        modelRef,
        tokenizer: window.tokenizer,
        budget,
        firstMessageId: this.history[start]?.id ?? answerId,
        sent: this.history.length - start,
        leftOut: start,
        summaryId: note?.summary?.id ?? null,
        noteTokens: note?.tokens ?? 0,
        createdAt: new Date(),
      })
      .catch((error: unknown) =>
        this.logger.error({ err: error, messageId: answerId }, 'what a model was sent could not be recorded'),
      );
  }
}

function tooSmall({ modelRef, window }: ExecutionCandidate): AppError {
  return new AppError(
    'MODEL_NOT_AVAILABLE',
    `The message does not fit ${modelRef}. Shorten it, or choose a model with a larger context window.`,
    { details: { reason: 'context_window', modelRef, contextWindow: window.contextWindow } },
  );
}
