import { Inject, Injectable } from '@nestjs/common';
import type { UIMessage } from 'ai';
import type { Scope } from '@kdx/shared';
import type { ExecutionConfig } from '../../ai-studio';
import { LOGGER, type Logger } from '../../platform/logging';
import { ContextRepository } from './context.repository';
import { Conversation, type AnswerPlace } from './conversation';
import { tooLong } from './conversation-fit';
import { countMessage, mostTokensOf, type CountedMessage } from './message-tokens';

/** Decides what the models are sent of a conversation. */
@Injectable()
export class ContextService {
  constructor(
    @Inject(ContextRepository) private readonly contexts: ContextRepository,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Before anything is stored: throws `VALIDATION_FAILED` for a message that fits none of the models that may answer. */
  async assertFits({ candidates }: ExecutionConfig, message: CountedMessage): Promise<void> {
    const bytes = mostTokensOf(message);
    const failed: { modelRef: string; limit: number; tokens: number }[] = [];
    for (const { modelRef, window } of candidates) {
      if (window.holdsSurely(bytes)) return;
      const budget = await window.countBudget();
      if (!budget) return;
      const { tokens } = countMessage(message, window.tokenizer, await window.getCounter());
      if (tokens <= budget.tokens) return;
      failed.push({ modelRef, limit: budget.tokens, tokens });
    }
    throw tooLong(failed);
  }

  /** `history` is one branch, oldest first, that ends with the message to answer. */
  open(scope: Scope, place: AnswerPlace, execution: ExecutionConfig, history: UIMessage[]): Conversation {
    return new Conversation(scope, place, execution, history, this.contexts, this.logger);
  }
}
