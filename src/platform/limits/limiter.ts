import { RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible';
import type { Rate } from '../env';
import { AppError } from '../errors';

/** How often each of many keys may do something. Its window begins with the first time. */
export class Limiter {
  /** @param name in lower case with hyphens: clients and operators read it. */
  constructor(
    readonly name: string,
    private readonly rate: Rate,
    private readonly store: RateLimiterAbstract,
  ) {}

  /** Counts one. Throws `RATE_LIMITED` where that is one too many. */
  async take(key: string): Promise<void> {
    try {
      await this.store.consume(key);
    } catch (thrown) {
      if (!(thrown instanceof RateLimiterRes)) throw thrown;
      throw this.refuse(thrown.msBeforeNext);
    }
  }

  /** Takes one back that turned out not to count. */
  async giveBack(key: string): Promise<void> {
    await this.store.reward(key);
  }

  /** Begins anew. */
  async forget(key: string): Promise<void> {
    await this.store.delete(key);
  }

  /** The fields are those of draft-ietf-httpapi-ratelimit-headers-10. */
  private refuse(msLeft: number): AppError {
    const { count, seconds } = this.rate;
    const wait = Math.max(1, Math.ceil(msLeft / 1_000));
    return new AppError('RATE_LIMITED', `Too many requests. Wait ${wait} seconds and try again.`, {
      details: { limit: this.name, retryAfterSeconds: wait },
      retryAfterSeconds: wait,
      headers: {
        'ratelimit-policy': `"${this.name}";q=${count};w=${seconds}`,
        ratelimit: `"${this.name}";r=0;t=${wait}`,
      },
    });
  }
}
