import type { Rate } from '../env';
import { AppError } from '../errors';

/** Where a key stands in its window. */
export interface Standing {
  count: number;
  msLeft: number;
}

/** Counts by key. The window of a key begins with its first count and has the same length for all. */
export interface Counters {
  add(key: string): Promise<Standing>;
  takeBack(key: string): Promise<void>;
  forget(key: string): Promise<void>;
}

/** How often each of many keys may do something. */
export class Limiter {
  /** @param name in lower case with hyphens: clients and operators read it. */
  constructor(
    private readonly name: string,
    private readonly rate: Rate,
    private readonly counters: Counters,
  ) {}

  /** Counts one. Throws `RATE_LIMITED` where that is one too many. */
  async take(key: string): Promise<void> {
    const { count, msLeft } = await this.counters.add(key);
    if (count > this.rate.count) throw this.refuse(msLeft);
  }

  /** Takes one back that turned out not to count. */
  giveBack(key: string): Promise<void> {
    return this.counters.takeBack(key);
  }

  /** Lets a key begin anew. */
  forget(key: string): Promise<void> {
    return this.counters.forget(key);
  }

  /** The headers are those of draft-ietf-httpapi-ratelimit-headers-10. */
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
