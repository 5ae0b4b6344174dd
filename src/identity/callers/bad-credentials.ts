import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { ENV, type Env } from '../../platform/env';
import { AppError } from '../../platform/errors';
import { Limiters, toClientNetwork, toLimitKey, type Limiter } from '../../platform/limits';

/** How long a credential that was good is looked up whatever its neighbours send. */
const goodMs = 60 * 60_000;

/**
 * Counts credentials that open nothing, by the address that sent them; after too many of them no more are looked up. A
 * credential that was good within the last hour still is: people of one office share an address, and a forgotten script with
 * a revoked key must not shut them out.
 */
@Injectable()
export class BadCredentials {
  private readonly limiter: Limiter | undefined;
  private readonly good = new LRUCache<string, true>({ max: 10_000, ttl: goodMs });

  constructor(
    @Inject(ENV) private readonly env: Env,
    @Inject(Limiters) limiters: Limiters,
  ) {
    this.limiter = limiters.create('credentials', env.limits.credentials);
  }

  /**
   * What `lookUp` finds. Throws `RATE_LIMITED` without calling it for an address that sent too many bad ones. Counted before
   * it is known, so that many at the same moment are not all looked up.
   * @param credential a digest
   */
  async watch<T>(address: string, credential: string, lookUp: () => Promise<T>): Promise<T> {
    if (!this.limiter || this.good.has(credential)) return this.unlessBad(credential, lookUp);
    const key = toLimitKey(this.env.authSecret, toClientNetwork(address));
    await this.limiter.take(key);
    const found = await this.unlessBad(credential, lookUp);
    this.good.set(credential, true);
    await this.limiter.giveBack(key);
    return found;
  }

  private async unlessBad<T>(credential: string, lookUp: () => Promise<T>): Promise<T> {
    try {
      return await lookUp();
    } catch (error) {
      if (error instanceof AppError) this.good.delete(credential);
      throw error;
    }
  }
}
