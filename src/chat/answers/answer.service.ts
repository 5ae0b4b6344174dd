import { Inject, Injectable } from '@nestjs/common';
import type { UIMessage } from 'ai';
import type { Scope } from '@kdx/shared';
import type { ExecutionConfig, SystemPrompt } from '../../ai-studio';
import { AppError, notFound } from '../../platform/errors';
import { Lifecycle } from '../../platform/lifecycle';
import { ContextService } from '../context/context.service';
import { HelperService } from '../context/helper.service';
import { FileCopies } from '../files/file-copies';
import type { SendMessageDto } from '../sessions/chat.dto';
import type { ChatMessage } from '../sessions/chat.entities';
import { BranchRepository } from '../sessions/branch.repository';
import { KnownSessions } from '../sessions/known-sessions';
import { MessageRepository } from '../sessions/message.repository';
import { SessionRepository, type SessionToAnswer } from '../sessions/session.repository';
import { AnswerStreams, type AnswerStream } from '../streams/answer-streams';
import { IdempotencyKeys } from '../streams/idempotency.repository';
import type { SendOnce } from '../streams/send-once';
import { AnswerPump } from './answer-pump';
import { ModelChooser } from './model-chooser';
import { RunningAnswers } from './running-answers';
import { letGoOfFiles, toNewMessages, toNewTurn, toRepeatedTurn, type FilledTurn, type Turn } from './turn';
import { toUserMessage } from './user-message';
import { toUiParts } from './ui-parts';

/** The stream of the answer to a message. */
export interface SentMessage extends AnswerStream {
  /** Whether the message had been sent before, under the same key: nobody was asked again. */
  isReplayed: boolean;
}

/** How a message is sent. */
export interface Sending {
  /** Under which key, if any: who sends it again gets the answer that it got then. */
  once?: SendOnce | undefined;
  /** Called once it is stored, and before its model is asked: what the client sent may be let go of. */
  onStored?: (() => void) | undefined;
}

/** What is to be answered, with the content of its files. */
interface Request extends Sending {
  turn: FilledTurn;
}

/** An answer whose question is stored, and what to run it with. */
interface BegunAnswer {
  execution: ExecutionConfig;
  answer: ChatMessage;
  history: UIMessage[];
}

/** Asks AI Studio for an execution, runs it with the AI SDK, and keeps the result: how any executor does it. */
@Injectable()
export class AnswerService {
  constructor(
    @Inject(ModelChooser) private readonly models: ModelChooser,
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(KnownSessions) private readonly known: KnownSessions,
    @Inject(MessageRepository) private readonly messages: MessageRepository,
    @Inject(BranchRepository) private readonly branches: BranchRepository,
    @Inject(FileCopies) private readonly copies: FileCopies,
    @Inject(AnswerPump) private readonly pump: AnswerPump,
    @Inject(RunningAnswers) private readonly running: RunningAnswers,
    @Inject(AnswerStreams) private readonly streams: AnswerStreams,
    @Inject(IdempotencyKeys) private readonly keys: IdempotencyKeys,
    @Inject(ContextService) private readonly contexts: ContextService,
    @Inject(HelperService) private readonly helpers: HelperService,
    @Inject(Lifecycle) private readonly lifecycle: Lifecycle,
  ) {}

  /**
   * Stores the message and the empty answer, starts the answer and gives its stream. The server owns the answer: a
   * reader that goes away does not stop it.
   * Throws what {@link ModelChooser} throws, `VALIDATION_FAILED` for a message that fits no model, `CONFLICT` while an
   * answer runs or where the key was used for another message, and `PROVIDER_FAILED` where no model began to answer.
   */
  send(scope: Scope, sessionId: string, input: SendMessageDto, sending?: Sending): Promise<SentMessage> {
    const turn = toNewTurn(toUserMessage(input), input.parentId, input.modelId);
    return this.answer(scope, sessionId, turn, sending);
  }

  /**
   * Gives another answer to the question of `messageId`, which may be the question or one of its answers, however that
   * ended. Throws `NOT_FOUND`, and what {@link send} throws.
   */
  async regenerate(
    scope: Scope,
    sessionId: string,
    messageId: string,
    modelId: string | undefined,
    sending?: Sending,
  ): Promise<SentMessage> {
    if (!(await this.sessions.find(scope, sessionId))) throw notFound('The conversation');
    const named = await this.branches.findNamed(scope, sessionId, messageId);
    const question =
      named?.role === 'assistant' && named.parentId !== null
        ? await this.branches.findNamed(scope, sessionId, named.parentId)
        : named;
    if (!question) throw notFound('The message');
    return this.answer(scope, sessionId, toRepeatedTurn(question, modelId), sending);
  }

  /** Begins the answer to a turn; see {@link send}. */
  async answer(scope: Scope, sessionId: string, turn: Turn, sending: Sending = {}): Promise<SentMessage> {
    this.lifecycle.assertTakesWork();
    const earlier = await this.replay(scope, sending);
    if (earlier) return earlier;
    try {
      return await this.ask(scope, sessionId, { ...sending, turn: await this.fill(scope, sessionId, turn) });
    } catch (error) {
      // Its twin, sent at the same moment, may have been first.
      const twin = isConflict(error) && (await this.replay(scope, sending));
      if (twin) return twin;
      throw error;
    }
  }

  /** What the model of the next message would be told: with this conversation's agent and model, and the user's preference. */
  async previewPrompt(scope: Scope, sessionId: string): Promise<SystemPrompt> {
    const session = await this.sessions.find(scope, sessionId);
    if (!session) throw notFound('The conversation');
    return this.models.preview(scope, session);
  }

  private async replay(scope: Scope, { once, onStored }: Sending): Promise<SentMessage | undefined> {
    const answerId = once && (await this.keys.findAnswer(scope, once));
    if (answerId === undefined) return undefined;
    onStored?.();
    return { ...(await this.streams.replay(scope, answerId)), isReplayed: true };
  }

  private async fill(scope: Scope, sessionId: string, { question, ...turn }: Turn): Promise<FilledTurn> {
    return question ? { ...turn, question: await this.copies.fill(scope, sessionId, question) } : turn;
  }

  private async ask(scope: Scope, sessionId: string, request: Request): Promise<SentMessage> {
    const begun =
      (await this.beginAsKnown(scope, sessionId, request)) ??
      (await this.beginAsRead(scope, sessionId, request));
    if (!begun) throw changedMeanwhile();
    letGoOfFiles(request.turn);
    request.onStored?.();
    const { execution, answer, history } = begun;
    const running = this.running.add(scope, sessionId, answer.id);
    const conversation = this.contexts.open(scope, { sessionId, answerId: answer.id }, execution, history);
    void running.done.then(() => this.helpers.answered(conversation));
    await this.pump.run(scope, execution, conversation, running);
    return { ...this.streams.read(scope, answer.id, running.feed), isReplayed: false };
  }

  /** Without reading the conversation, where this process has seen it. `undefined` where that did not do: it has to be read. */
  private async beginAsKnown(
    scope: Scope,
    sessionId: string,
    request: Request,
  ): Promise<BegunAnswer | undefined> {
    const session = this.known.find(scope, sessionId);
    if (!session) return undefined;
    // What cannot be prepared by memory may be possible by now: reading decides.
    const execution = await this.models.prepare(scope, session, request.turn).catch(() => undefined);
    const begun = execution && (await this.begin(scope, session, request, execution));
    if (!begun) this.known.forget(scope, sessionId);
    return begun;
  }

  private async beginAsRead(
    scope: Scope,
    sessionId: string,
    request: Request,
  ): Promise<BegunAnswer | undefined> {
    const session = await this.sessions.find(scope, sessionId);
    if (!session) throw notFound('The conversation');
    this.known.remember(scope, session);
    const execution = await this.models.prepare(scope, session, request.turn);
    return this.begin(scope, session, request, execution);
  }

  /** `undefined`, and nothing stored, where the conversation was changed since it was read. */
  private async begin(
    scope: Scope,
    session: SessionToAnswer,
    { turn, once }: Request,
    execution: ExecutionConfig,
  ): Promise<BegunAnswer | undefined> {
    const messages = toNewMessages(scope, session.id, turn, execution);
    const asked = messages.question ?? turn.repeated;
    if (asked) await this.contexts.assertFits(execution, asked);
    const before = await this.messages.begin(
      scope,
      session,
      messages,
      execution.agent,
      once ? [this.keys.statementToKeep(scope, once, messages.answer.id)] : [],
    );
    if (!before) return undefined;
    const { question, answer } = messages;
    const history = [...before, ...(question ? [question] : [])].filter(({ parts }) => parts.length > 0);
    return {
      execution,
      answer,
      history: history.map(({ id, role, parts }) => ({ id, role, parts: toUiParts(parts) })),
    };
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof AppError && error.code === 'CONFLICT';
}

function changedMeanwhile(): AppError {
  return new AppError('CONFLICT', 'The conversation was changed at the same moment. Send the message again.');
}
