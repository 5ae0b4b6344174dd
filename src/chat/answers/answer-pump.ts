import { Inject, Injectable } from '@nestjs/common';
import { streamText, toUIMessageStream, type UIMessageChunk } from 'ai';
import type { Scope } from '@kdx/shared';
import type { ExecutionConfig } from '../../ai-studio';
import { AppError, logError, toAppError } from '../../platform/errors';
import type { JsonObject } from '../../platform/http';
import { LOGGER, type Logger } from '../../platform/logging';
import type { Conversation } from '../context/conversation';
import type { ChatMessage } from '../sessions/chat.entities';
import { ModelMessages } from '../files/model-messages';
import { MessageRepository } from '../sessions/message.repository';
import { AnswerLog } from '../streams/answer-log.repository';
import { AnswerLogWriter } from '../streams/answer-log-writer';
import { AnswerStore } from './answer-store';
import type { RunningAnswer } from './running-answer';

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
    @Inject(ModelMessages) private readonly modelMessages: ModelMessages,
    @Inject(AnswerLog) private readonly log: AnswerLog,
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
    execution: ExecutionConfig,
    conversation: Conversation,
    answer: RunningAnswer,
    onBegin: () => void,
  ): Promise<AppError | undefined> {
    const { system, settings } = execution;
    const store = new AnswerStore(scope, answer.messageId, execution, this.messages, this.logger);
    const writer = new AnswerLogWriter(scope, answer.messageId, this.log, this.logger, {
      onWritten: (bytes) => answer.feed.forget(bytes),
      onLost: () => answer.lose(),
    });
    // Who hears the end may send the next message at once: it is said when the answer is stored.
    const last: UIMessageChunk[] = [];
    let failure: AppError | undefined;
    let release = () => {};
    const keepFailure = (error: unknown): AppError =>
      (failure ??= answer.signal.aborted ? undefined : toAppError(error)) ?? toAppError(error);
    try {
      const { model, messages } = await conversation.open();
      const told = await this.modelMessages.of(scope, conversation.place.sessionId, messages, answer.signal);
      release = told.release;
      const { stream } = streamText({
        model,
        instructions: system,
        ...settings,
        messages: told.messages,
        abortSignal: answer.signal,
        maxRetries: 0, // the candidates are the retries
        onError: ({ error }) => void keepFailure(error),
      });
      const chunks = toUIMessageStream({
        stream,
        generateMessageId: () => answer.messageId,
        sendSources: true,
        messageMetadata: ({ part }) => metadataOf(execution, conversation, part.type),
        onError: (error) => errorText(keepFailure(error)),
      });
      for await (const chunk of chunks) {
        if (last.length > 0 || endings.has(chunk.type))
          last.push(chunk.type === 'abort' ? aborted(answer) : chunk);
        else writer.add(answer.say(chunk));
        if (!preamble.has(chunk.type) && chunk.type !== 'error') onBegin();
        store.add(chunk);
        if (writer.isFull) await writer.room(answer.signal);
      }
    } catch (error) {
      keepFailure(error);
      if (!answer.signal.aborted) last.push({ type: 'error', errorText: errorText(toAppError(error)) });
      else if (last.length === 0) last.push(...beginning(execution, conversation, answer), aborted(answer));
    }
    release();
    await this.finish(scope, store, writer, answer, failure, last);
    return failure;
  }

  private async finish(
    scope: Scope,
    store: AnswerStore,
    writer: AnswerLogWriter,
    answer: RunningAnswer,
    failure: AppError | undefined,
    last: UIMessageChunk[],
  ): Promise<void> {
    const ending = answer.toEnding(last);
    try {
      const endOfLog = this.log.statementsToAppend(scope, answer.messageId, await writer.rest(ending));
      const isLogged = await store.end(toFinalState(answer, failure), endOfLog);
      if (failure) logError(this.logger, failure, { messageId: answer.messageId });
      if (isLogged) answer.end(ending);
    } finally {
      answer.endUnlogged(); // where it is logged, it has ended before
    }
  }
}

/** Of an answer that was ended while it waited to be asked for. */
function beginning(
  execution: ExecutionConfig,
  conversation: Conversation,
  { feed, messageId }: RunningAnswer,
): UIMessageChunk[] {
  if (feed.lastNumber > 0) return [];
  return [{ type: 'start', messageId, messageMetadata: metadataOf(execution, conversation, 'start') }];
}

/** As it is told where another process has to say it. */
function aborted({ endedAs }: RunningAnswer): UIMessageChunk {
  return { type: 'abort', reason: endedAs };
}

/** At the start what is known by then; which model answers, once it has begun to. */
function metadataOf(
  { id: executionId, agent, getModelRef, getTriedModels }: ExecutionConfig,
  { place: { sessionId } }: Conversation,
  at: string,
): object | undefined {
  if (at === 'start') return { sessionId, executionId, ...(agent ? { agent } : {}) };
  if (at !== 'start-step') return undefined;
  const triedModels = getTriedModels();
  return { modelRef: getModelRef(), ...(triedModels.length > 0 ? { triedModels } : {}) };
}

function toFinalState(
  { signal, endedAs }: RunningAnswer,
  failure: AppError | undefined,
): Partial<Pick<ChatMessage, 'status' | 'error'>> {
  if (signal.aborted) return { status: endedAs };
  return failure ? { status: 'failed', error: toErrorObject(failure) } : { status: 'complete' };
}

/** The same object that REST answers with, as text: `JSON.parse(error.message).error.code` works for both. */
function errorText(error: AppError): string {
  return JSON.stringify({ error: toErrorObject(error) });
}

function toErrorObject({ code, message, details }: AppError): JsonObject {
  return JSON.parse(JSON.stringify({ code, message, details })) as JsonObject; // just serialised
}
