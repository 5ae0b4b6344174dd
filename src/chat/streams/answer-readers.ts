import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Scope } from '@kdx/shared';
import { Directory } from '../../identity';
import { LOGGER, type Logger } from '../../platform/logging';
import type { EventFeed } from './event-feed';

/** So often all readers are looked at. */
const lookAgainMs = 5_000;

/** Somebody who reads an answer now. */
export class AnswerReader {
  /** Whether they belonged to the team when they were last looked at, and their sign-in had not ended. */
  mayRead = true;

  constructor(
    readonly scope: Scope,
    private readonly feed: EventFeed,
  ) {}

  /** They read no further; also where they wait for what the answer says next. */
  cut(): void {
    this.mayRead = false;
    this.feed.wake();
  }
}

/**
 * All who read answers from this process. Every five seconds one query finds who of them may not any more: who has left
 * the team, and whose API key or sign-in has ended. That does not wait for an answer to say something, nor for a reader to
 * take it, and many readers of one sign-in are asked about once. A database that is away cuts nobody: it is asked again.
 */
@Injectable()
export class AnswerReaders implements OnApplicationShutdown {
  private readonly readers = new Set<AnswerReader>();
  /** While there are readers. */
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(Directory) private readonly directory: Directory,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Call {@link end} with what this gives, however the reading ends. */
  begin(scope: Scope, feed: EventFeed): AnswerReader {
    const reader = new AnswerReader(scope, feed);
    this.readers.add(reader);
    this.timer ??= this.lookLater();
    return reader;
  }

  end(reader: AnswerReader): void {
    this.readers.delete(reader);
  }

  onApplicationShutdown(): void {
    this.readers.clear();
    clearTimeout(this.timer);
  }

  private lookLater(): NodeJS.Timeout {
    return setTimeout(() => void this.look(), lookAgainMs).unref();
  }

  private async look(): Promise<void> {
    await this.cutOutsiders().catch((error: unknown) =>
      this.logger.warn({ err: error }, 'who reads answers could not be looked at; it is tried again'),
    );
    this.timer = this.readers.size > 0 ? this.lookLater() : undefined;
  }

  private async cutOutsiders(): Promise<void> {
    const scopes = new Map([...this.readers].map(({ scope }) => [keyOf(scope), scope]));
    if (scopes.size === 0) return;
    const outsiders = await this.directory.listOutsiders([...scopes.values()]);
    const keys = new Set(outsiders.map(keyOf));
    for (const reader of this.readers) if (keys.has(keyOf(reader.scope))) reader.cut();
  }
}

function keyOf({ teamId, userId, signInId }: Scope): string {
  return `${teamId}/${userId}/${signInId ?? ''}`;
}
