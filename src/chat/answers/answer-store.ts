import type { UIMessage, UIMessageChunk } from 'ai';
import type { Scope } from '@kdx/shared';
import type { ExecutionConfig } from '../../ai-studio';
import type { Logger } from '../../platform/logging';
import type { ChatMessage } from '../sessions/chat.entities';
import type { MessageRepository } from '../sessions/message.repository';
import type { EndOfLog } from '../streams/answer-log.repository';
import { MessageUnderConstruction } from './message-under-construction';
import { toStoredParts } from './ui-parts';

const saveEveryMs = 250;

/** Writes an answer to its row: every quarter of a second while it grows, and once at its end. */
export class AnswerStore {
  private readonly message = new MessageUnderConstruction((error) => this.report(error));
  private saving: Promise<void> | undefined;
  private savedAt = performance.now();

  constructor(
    private readonly scope: Scope,
    private readonly messageId: string,
    private readonly execution: ExecutionConfig,
    private readonly messages: MessageRepository,
    private readonly logger: Logger,
  ) {}

  add(chunk: UIMessageChunk): void {
    this.message.add(chunk);
    // What comes while it is being stored waits for the next time, or for the end.
    if (this.saving || performance.now() - this.savedAt < saveEveryMs) return;
    this.saving = this.save()
      .catch((error: unknown) => this.report(error))
      .finally(() => {
        this.saving = undefined;
        this.savedAt = performance.now();
      });
  }

  /** Stores the final state in one transaction with `endOfLog`; false where the log was not this process's to end. */
  async end(state: Partial<Pick<ChatMessage, 'status' | 'error'>>, endOfLog: EndOfLog): Promise<boolean> {
    await this.saving;
    try {
      const said = this.toStored(await this.message.whole());
      return await this.messages.end(this.scope, this.messageId, { ...said, ...state }, endOfLog);
    } catch (error) {
      this.report(error);
      throw error;
    }
  }

  private async save(): Promise<void> {
    await this.messages.save(this.scope, this.messageId, this.toStored(await this.message.soFar()));
  }

  private toStored(parts: UIMessage['parts']): Pick<ChatMessage, 'parts' | 'modelRef' | 'triedModels'> {
    const tried = this.execution.getTriedModels();
    return {
      parts: toStoredParts(parts),
      modelRef: this.execution.getModelRef(),
      triedModels: tried.length > 0 ? tried : null,
    };
  }

  private report(error: unknown): void {
    this.logger.error({ err: error, messageId: this.messageId }, 'an answer could not be stored');
  }
}
