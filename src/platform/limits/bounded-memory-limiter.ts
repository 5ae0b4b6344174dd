import { RateLimiterRes, RateLimiterStoreAbstract } from 'rate-limiter-flexible';

/** How many keys a limiter remembers: some 20 MB, full. */
const maxKeys = 100_000;

interface Counter {
  points: number;
  /** Milliseconds on the clock of `performance.now()`, which nobody sets back. */
  endsAt: number;
}

/**
 * Counts in this process. The library's own takes as many keys as come and a timer for each; here the keys of a limiter
 * all live equally long, so that a map's order is the order in which they end: what has ended goes first, and of too
 * many keys the one that would have ended next.
 */
export class BoundedMemoryLimiter extends RateLimiterStoreAbstract {
  private readonly counters = new Map<string, Counter>();

  constructor(options: { points: number; duration: number }) {
    super({ ...options, storeClient: null });
  }

  get size(): number {
    return this.counters.size;
  }

  async _upsert(key: string, points: number, ms: number): Promise<Counter> {
    const known = this.find(key);
    if (known) {
      known.points += points;
      return known;
    }
    this.makeRoom();
    const counter = { points, endsAt: performance.now() + ms };
    this.counters.set(key, counter);
    return counter;
  }

  async _get(key: string): Promise<Counter | null> {
    return this.find(key) ?? null;
  }

  async _delete(key: string): Promise<boolean> {
    return this.counters.delete(key);
  }

  _getRateLimiterRes(_key: string, _points: number, { points, endsAt }: Counter): RateLimiterRes {
    return new RateLimiterRes(Math.max(this.points - points, 0), endsAt - performance.now(), points);
  }

  private find(key: string): Counter | undefined {
    const counter = this.counters.get(key);
    if (!counter || counter.endsAt > performance.now()) return counter;
    this.counters.delete(key); // a new one belongs at the end of the order
    return undefined;
  }

  private makeRoom(): void {
    const now = performance.now();
    for (const [key, { endsAt }] of this.counters) {
      if (endsAt > now && this.counters.size < maxKeys) return;
      this.counters.delete(key);
    }
  }
}
