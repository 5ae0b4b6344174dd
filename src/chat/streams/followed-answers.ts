import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import type { Scope } from '@kdx/shared';
import { LOGGER, type Logger } from '../../platform/logging';
import { AnswerLog, type LoggedAnswer } from './answer-log.repository';
import { EventFeed } from './event-feed';

/** How often the log is looked at where no news comes: notifications may be missed, and the embedded database has none. */
const pollMs = 500;
/** How long an answer is followed that nobody reads. */
const idleMs = 5_000;
/** Rows that one look gives at most; then there may be more. */
const fullLook = 32;

/** Answers that another process gives, followed by their log: once each, for all who read them here. */
@Injectable()
export class FollowedAnswers implements BeforeApplicationShutdown {
  private readonly answers = new Map<string, FollowedAnswer>();

  constructor(
    @Inject(AnswerLog) private readonly log: AnswerLog,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    log.subscribe((messageId) => this.hear(messageId));
  }

  /** Begins with what is not in the log yet. Of its owner alone: the scope is theirs. */
  follow(scope: Scope, answer: LoggedAnswer): FollowedAnswer {
    const known = this.answers.get(answer.id);
    if (known) return known;
    const followed = new FollowedAnswer(scope, answer, this.log, this.logger);
    this.answers.set(answer.id, followed);
    void followed.run().finally(() => this.answers.delete(answer.id));
    return followed;
  }

  /** Their readers go elsewhere: here nothing more will be read. */
  beforeApplicationShutdown(): void {
    for (const { feed } of this.answers.values()) feed.close('cut');
  }

  private hear(messageId: string): void {
    if (messageId) this.answers.get(messageId)?.hear();
    else for (const answer of this.answers.values()) answer.hear();
  }
}

/** One of them. */
export class FollowedAnswer {
  readonly feed: EventFeed;
  private readers = 0;
  private readAt = performance.now();
  private hasNews = true;
  private wake: () => void = () => undefined;

  constructor(
    private readonly scope: Scope,
    private readonly answer: LoggedAnswer,
    private readonly log: AnswerLog,
    private readonly logger: Logger,
  ) {
    this.feed = new EventFeed(answer.bytes, answer.lastNumber);
  }

  /** Somebody reads from now on, until they call what this gives. */
  retain(): () => void {
    this.readers += 1;
    return () => {
      this.readers -= 1;
      this.readAt = performance.now();
    };
  }

  hear(): void {
    this.hasNews = true;
    this.wake();
  }

  async run(): Promise<void> {
    while (!this.feed.isOver) {
      this.hasNews = false;
      await this.look().catch((error: unknown) =>
        this.logger.error({ err: error, messageId: this.answer.id }, 'an answer could not be followed'),
      );
      if (this.readers === 0 && performance.now() - this.readAt > idleMs) this.feed.close('cut');
      if (!this.feed.isOver && !this.hasNews) await this.newsOrTime();
    }
  }

  private async look(): Promise<void> {
    const { answer, batches } = await this.log.follow(this.scope, this.answer.id, this.feed.end);
    for (const { seq, isEnd, text } of batches) {
      this.feed.push({ number: seq, bytes: Buffer.from(text) });
      if (isEnd) this.feed.close('ended');
    }
    this.feed.forget(this.feed.end);
    if (batches.length === fullLook) this.hasNews = true;
    // Over, and its log has no end: it was deleted, or is gone from the log.
    else if (!answer || (batches.length === 0 && !isGoingOn(answer))) this.feed.close('cut');
  }

  private async newsOrTime(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pollMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Also where its process has vanished and nobody has ended it yet. */
export function isGoingOn({ status, instanceId }: LoggedAnswer): boolean {
  return status === 'streaming' || (status === 'interrupted' && instanceId !== null);
}
