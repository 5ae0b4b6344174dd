import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import type { UIMessage, UIMessageChunk } from 'ai';
import { v7 as uuidv7 } from 'uuid';
import { chatUserConfig, type Scope } from '@kdx/shared';
import { AiStudioService, type ExecutionConfig } from '../../ai-studio';
import { AppConfigService } from '../../app-config';
import { ENV, type Env } from '../../platform/env';
import { notFound } from '../../platform/errors';
import { Lifecycle } from '../../platform/lifecycle';
import type { MessageView, SendMessageDto } from '../sessions/chat.dto';
import type { ChatMessage } from '../sessions/chat.entities';
import { MessageRepository } from '../sessions/message.repository';
import { SessionRepository } from '../sessions/session.repository';
import { toMessageView } from '../sessions/session.service';
import { AnswerPump } from './answer-pump';
import { RunningAnswer } from './running-answer';
import { toUserMessage, type NewUserMessage } from './user-message';
import { toUiParts } from './ui-parts';

const titleLength = 80;

/** Asks AI Studio for an execution, runs it with the AI SDK, and keeps the result: how any executor does it. */
@Injectable()
export class AnswerService implements BeforeApplicationShutdown {
  private readonly running = new Map<string, RunningAnswer>();

  constructor(
    @Inject(AiStudioService) private readonly aiStudio: AiStudioService,
    @Inject(AppConfigService) private readonly configs: AppConfigService,
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(MessageRepository) private readonly messages: MessageRepository,
    @Inject(AnswerPump) private readonly pump: AnswerPump,
    @Inject(Lifecycle) private readonly lifecycle: Lifecycle,
    @Inject(ENV) private readonly env: Env,
  ) {}

  /**
   * Stores the message and the empty answer, starts the answer and gives its chunks. The server owns the answer: a
   * reader that goes away does not stop it. Throws what `prepareExecution` throws, `CONFLICT` while an answer runs, and
   * `PROVIDER_FAILED` where no model began to answer.
   */
  async send(
    scope: Scope,
    sessionId: string,
    input: SendMessageDto,
  ): Promise<AsyncGenerator<UIMessageChunk>> {
    this.lifecycle.assertTakesWork();
    const message = toUserMessage(input);
    const session = await this.sessions.find(scope, sessionId);
    if (!session) throw notFound('The conversation');
    const modelId = input.modelId ?? session.modelId ?? (await this.getPreferredModel(scope));
    const execution = await this.aiStudio.prepareExecution(scope, { modelId });
    const { answer, history } = await this.begin(scope, sessionId, message, execution);
    const running = new RunningAnswer(answer.id);
    this.running.set(keyOf(scope, sessionId), running);
    const started = this.pump.run(scope, execution, history, running);
    void running.done.then(() => this.running.delete(keyOf(scope, sessionId)));
    await started;
    return running.listen();
  }

  /** The chunks of the answer that is running in this process, from its beginning. Throws `NOT_FOUND` where none is. */
  async join(scope: Scope, sessionId: string): Promise<AsyncGenerator<UIMessageChunk> | undefined> {
    if (!(await this.sessions.find(scope, sessionId))) throw notFound('The conversation');
    return this.running.get(keyOf(scope, sessionId))?.listen();
  }

  /** Ends the running answer; what it said is kept. Gives the stored answer, or `undefined` where none was running. */
  async stop(scope: Scope, sessionId: string): Promise<MessageView | undefined> {
    if (!(await this.sessions.find(scope, sessionId))) throw notFound('The conversation');
    const running = this.running.get(keyOf(scope, sessionId));
    if (!running) return undefined;
    running.stop('stopped');
    await running.done;
    const stored = await this.messages.find(scope, running.messageId);
    return stored ? toMessageView(stored) : undefined;
  }

  /** Deletes a conversation; a running answer in it ends first. */
  async deleteSession(scope: Scope, sessionId: string): Promise<void> {
    await this.stop(scope, sessionId);
    if (!(await this.sessions.delete(scope, sessionId))) throw notFound('The conversation');
  }

  /** Waits for running answers as long as the operator allows, then ends them with what they have. */
  async beforeApplicationShutdown(): Promise<void> {
    this.lifecycle.startStopping();
    const all = [...this.running.values()];
    if (all.length === 0) return;
    const timer = setTimeout(() => all.forEach((answer) => answer.stop('interrupted')), this.env.drainMs);
    await Promise.all(all.map(({ done }) => done));
    clearTimeout(timer);
  }

  private async getPreferredModel(scope: Scope): Promise<string | undefined> {
    const { user } = await this.configs.getEffective(scope);
    return chatUserConfig.parse(user).defaultModelId ?? undefined;
  }

  private async begin(
    scope: Scope,
    sessionId: string,
    message: NewUserMessage,
    execution: ExecutionConfig,
  ): Promise<{ answer: ChatMessage; history: UIMessage[] }> {
    const now = new Date();
    const common = {
      teamId: scope.teamId,
      userId: scope.userId,
      sessionId,
      error: null,
      instanceId: null,
      createdAt: now,
      updatedAt: now,
    };
    const question: ChatMessage = {
      ...common,
      id: uuidv7(),
      role: 'user',
      parts: message.parts,
      status: 'complete',
      modelRef: null,
      executionId: null,
      clientId: message.clientId,
    };
    const answer: ChatMessage = {
      ...common,
      id: uuidv7(),
      role: 'assistant',
      parts: [],
      status: 'streaming',
      modelRef: execution.getModelRef(),
      executionId: execution.id,
      clientId: null,
    };
    const before = await this.messages.begin(
      scope,
      question,
      answer,
      message.text.replace(/\s+/g, ' ').trim().slice(0, titleLength),
    );
    const history = [...before, question].filter(({ parts }) => parts.length > 0);
    return { answer, history: history.map(({ id, role, parts }) => ({ id, role, parts: toUiParts(parts) })) };
  }
}

function keyOf({ teamId, userId }: Scope, sessionId: string): string {
  return `${teamId}/${userId}/${sessionId}`;
}
