import { Inject, Injectable } from '@nestjs/common';
import {
  convertToModelMessages,
  streamText,
  toUIMessageStream,
  type UIMessage,
  type UIMessageChunk,
} from 'ai';
import type { Scope } from '@kdx/shared';
import type { ExecutionConfig } from '../../ai-studio';
import { AppError, logError, toAppError } from '../../platform/errors';
import type { JsonObject } from '../../platform/http';
import { LOGGER, type Logger } from '../../platform/logging';
import type { Conversation } from '../context/conversation';
import type { ChatMessage } from '../sessions/chat.entities';
import { MessageRepository } from '../sessions/message.repository';
import { MessageUnderConstruction } from './message-under-construction';
import type { RunningAnswer } from './running-answer';
import { toJsonParts } from './ui-parts';

const saveEveryMs = 250;

/** Chunks that come before an answer has begun. */
const preamble = new Set<UIMessageChunk['type']>([
  'start',
  'start-step',
  'message-metadata',
  'text-start',
  'reasoning-start',
]);

/** Chunks after which nothing more of an answer comes. */
const endings = new Set<UIMessageChunk['type']>(['finish', 'abort', 'error']);

/** Runs one execution to its end, whoever listens, and stores what it says as it says it. */
@Injectable()
export class AnswerPump {
  constructor(
    @Inject(MessageRepository) private readonly messages: MessageRepository,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Resolves when the answer has begun; rejects where it failed before that. The rest goes on by itself, and `answer`
   * hears of it.
   */
  run(
    scope: Scope,
    execution: ExecutionConfig,
    conversation: Conversation,
    answer: RunningAnswer,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      this.pump(scope, execution, conversation, answer, resolve)
        .then((failure) => (failure ? reject(failure) : resolve()))
        .catch(reject);
    });
  }

  private async pump(
    scope: Scope,
    { id: executionId, system, settings, agent, getModelRef }: ExecutionConfig,
    conversation: Conversation,
    answer: RunningAnswer,
    onBegin: () => void,
  ): Promise<AppError | undefined> {
    const metadata = { executionId, ...(agent ? { agent } : {}) };
    const store = new AnswerStore(scope, answer.messageId, getModelRef, this.messages, this.logger);
    // Who hears the end may send the next message at once: it is said when the answer is stored.
    const last: UIMessageChunk[] = [];
    let failure: AppError | undefined;
    const keepFailure = (error: unknown): AppError =>
      (failure ??= answer.signal.aborted ? undefined : toAppError(error)) ?? toAppError(error);
    try {
      const { model, messages } = await conversation.open();
      const { stream } = streamText({
        model,
        instructions: system,
        ...settings,
        messages: await convertToModelMessages(messages),
        abortSignal: answer.signal,
        maxRetries: 0, // the candidates are the retries
        onError: ({ error }) => void keepFailure(error),
      });
      const chunks = toUIMessageStream({
        stream,
        generateMessageId: () => answer.messageId,
        messageMetadata: ({ part }) => (part.type === 'start' ? metadata : undefined),
        onError: (error) => errorText(keepFailure(error)),
      });
      for await (const chunk of chunks) {
        if (last.length > 0 || endings.has(chunk.type)) last.push(chunk);
        else answer.say(chunk);
        if (!preamble.has(chunk.type) && chunk.type !== 'error') onBegin();
        store.add(chunk);
      }
    } catch (error) {
      keepFailure(error);
      if (!answer.signal.aborted) last.push({ type: 'error', errorText: errorText(toAppError(error)) });
    }
    await this.finish(store, answer, failure, last);
    return failure;
  }

  private async finish(
    store: AnswerStore,
    answer: RunningAnswer,
    failure: AppError | undefined,
    last: UIMessageChunk[],
  ): Promise<void> {
    try {
      if (answer.signal.aborted) await store.end({ status: answer.endedAs });
      else if (failure) await store.end({ status: 'failed', error: toErrorObject(failure) });
      else await store.end({ status: 'complete' });
      if (failure) logError(this.logger, failure, { messageId: answer.messageId });
      for (const chunk of last) answer.say(chunk);
    } finally {
      answer.end();
    }
  }
}

/** Writes an answer to its row: every quarter of a second while it grows, and once at its end. */
class AnswerStore {
  private readonly message = new MessageUnderConstruction((error) => this.report(error));
  private saving: Promise<void> | undefined;
  private savedAt = performance.now();

  constructor(
    private readonly scope: Scope,
    private readonly messageId: string,
    private readonly getModelRef: () => string,
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

  async end(state: Partial<Pick<ChatMessage, 'status' | 'error'>>): Promise<void> {
    await this.saving;
    try {
      await this.messages.end(this.scope, this.messageId, {
        ...this.toStored(await this.message.whole()),
        ...state,
      });
    } catch (error) {
      this.report(error);
      throw error;
    }
  }

  private async save(): Promise<void> {
    await this.messages.save(this.scope, this.messageId, this.toStored(await this.message.soFar()));
  }

  private toStored(parts: UIMessage['parts']): Pick<ChatMessage, 'parts' | 'modelRef'> {
    return { parts: toJsonParts(parts.filter(isKept)), modelRef: this.getModelRef() };
  }

  private report(error: unknown): void {
    this.logger.error({ err: error, messageId: this.messageId }, 'an answer could not be stored');
  }
}

/** `step-start` only marks where a call began; it says nothing to a reader. */
function isKept(part: UIMessage['parts'][number]): boolean {
  return part.type !== 'step-start';
}

/** The same object that REST answers with, as text: `JSON.parse(error.message).error.code` works for both. */
function errorText(error: AppError): string {
  return JSON.stringify({ error: toErrorObject(error) });
}

function toErrorObject({ code, message, details }: AppError): JsonObject {
  return JSON.parse(JSON.stringify({ code, message, details })) as JsonObject; // just serialised
}
