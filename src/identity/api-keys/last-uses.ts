import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { TeamId } from '@kdx/shared';
import { LOGGER, type Logger } from '../../platform/logging';
import { ApiKeyRepository } from './api-key.repository';

const onceInMs = 60_000;

/** Writes when a key was last used: once a minute at most, beside the request, which neither waits for it nor fails with it. */
@Injectable()
export class LastUses implements BeforeApplicationShutdown {
  private readonly noted = new LRUCache<string, true>({ max: 10_000, ttl: onceInMs });
  private readonly running = new Set<Promise<void>>();

  constructor(
    @Inject(ApiKeyRepository) private readonly keys: ApiKeyRepository,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  note(teamId: TeamId, keyId: string): void {
    if (this.noted.has(keyId)) return;
    this.noted.set(keyId, true);
    const write = this.write(teamId, keyId).finally(() => this.running.delete(write));
    this.running.add(write);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.running);
  }

  /** Never rejects. */
  private async write(teamId: TeamId, keyId: string): Promise<void> {
    try {
      await this.keys.markUsed(teamId, keyId, new Date());
    } catch (error) {
      this.logger.warn({ err: error, teamId, keyId }, 'the last use of an API key could not be written');
    }
  }
}
