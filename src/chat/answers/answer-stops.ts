import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import type { Scope } from '@kdx/shared';
import { ENV, type Env } from '../../platform/env';
import { AppError, notFound } from '../../platform/errors';
import { Lifecycle } from '../../platform/lifecycle';
import type { MessageView } from '../sessions/chat.dto';
import { KnownSessions } from '../sessions/known-sessions';
import { MessageRepository } from '../sessions/message.repository';
import { SessionRepository } from '../sessions/session.repository';
import { toMessageView } from '../sessions/views';
import { RunningAnswers } from './running-answers';
import { StopRequests } from './stop-requests.repository';

/** How long another replica may take to end an answer, and how often its row is looked at meanwhile. */
const stopElsewhereMs = 5_000;
const lookAgainMs = 100;

/** Ends answers before they end by themselves: whoever asks for it, wherever they are given. */
@Injectable()
export class AnswerStops implements BeforeApplicationShutdown {
  constructor(
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(KnownSessions) private readonly known: KnownSessions,
    @Inject(MessageRepository) private readonly messages: MessageRepository,
    @Inject(RunningAnswers) private readonly running: RunningAnswers,
    @Inject(StopRequests) private readonly stopRequests: StopRequests,
    @Inject(Lifecycle) private readonly lifecycle: Lifecycle,
    @Inject(ENV) private readonly env: Env,
  ) {
    stopRequests.subscribe((messageId) => this.running.findByMessage(messageId)?.stop('stopped'));
  }

  /**
   * Ends the running answer, whichever replica gives it; what it said is kept. Gives the stored answer, or `undefined`
   * where none was running. Throws `CONFLICT` where another replica does not end it within seconds.
   */
  async stop(scope: Scope, sessionId: string): Promise<MessageView | undefined> {
    if (!(await this.sessions.find(scope, sessionId))) throw notFound('The conversation');
    const running = this.running.find(scope, sessionId);
    if (!running) return this.stopElsewhere(scope, sessionId);
    running.stop('stopped');
    await running.done;
    const stored = await this.messages.find(scope, running.messageId);
    return stored ? toMessageView(stored) : undefined;
  }

  /** Deletes a conversation; a running answer in it ends first. */
  async deleteSession(scope: Scope, sessionId: string): Promise<void> {
    await this.stop(scope, sessionId);
    this.known.forget(scope, sessionId);
    if (!(await this.sessions.delete(scope, sessionId))) throw notFound('The conversation');
  }

  /** Waits for running answers as long as the operator allows, then ends them with what they have. */
  async beforeApplicationShutdown(): Promise<void> {
    this.lifecycle.startStopping();
    const all = this.running.all();
    if (all.length === 0) return;
    const timer = setTimeout(() => all.forEach((answer) => answer.stop('interrupted')), this.env.drainMs);
    await Promise.all(all.map(({ done }) => done));
    clearTimeout(timer);
  }

  /** Asks again while it waits: its replica may be without its session to the database for a moment. */
  private async stopElsewhere(scope: Scope, sessionId: string): Promise<MessageView | undefined> {
    const streaming = await this.messages.findStreamingElsewhere(scope, sessionId);
    if (!streaming) return undefined;
    for (const deadline = Date.now() + stopElsewhereMs; Date.now() < deadline;) {
      await this.stopRequests.send(scope, streaming.id);
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
      const stored = await this.messages.find(scope, streaming.id);
      if (stored?.status !== 'streaming') return stored ? toMessageView(stored) : undefined;
    }
    throw didNotEnd();
  }
}

function didNotEnd(): AppError {
  return new AppError(
    'CONFLICT',
    'The answer is given by another replica of this server, and did not end within seconds. Try again: if that replica is gone, the answer is ended within half a minute.',
  );
}
