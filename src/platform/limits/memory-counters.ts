import type { Counters, Standing } from './limiter';

/** How many keys are remembered. */
const maxKeys = 100_000;

interface Counter {
  count: number;
  /** On the clock of `performance.now()`, which nobody sets back. */
  endsAt: number;
}

/**
 * Counts in this process. All keys live equally long, so that a map's order is the order in which they end: what has ended
 * goes first, without a timer, and of too many keys the one that would have ended next.
 */
export class MemoryCounters implements Counters {
  private readonly counters = new Map<string, Counter>();

  constructor(private readonly windowMs: number) {}

  get size(): number {
    return this.counters.size;
  }

  async add(key: string): Promise<Standing> {
    const now = performance.now();
    const counter = this.find(key, now) ?? this.begin(key, now);
    counter.count += 1;
    return { count: counter.count, msLeft: counter.endsAt - now };
  }

  async takeBack(key: string): Promise<void> {
    const counter = this.find(key, performance.now());
    if (counter) counter.count -= 1;
  }

  async forget(key: string): Promise<void> {
    this.counters.delete(key);
  }

  private find(key: string, now: number): Counter | undefined {
    const counter = this.counters.get(key);
    return counter && counter.endsAt > now ? counter : undefined;
  }

  private begin(key: string, now: number): Counter {
    this.counters.delete(key); // one that has ended: the new one belongs at the end of the order
    for (const [oldest, { endsAt }] of this.counters) {
      if (endsAt > now && this.counters.size < maxKeys) break;
      this.counters.delete(oldest);
    }
    const counter = { count: 0, endsAt: now + this.windowMs };
    this.counters.set(key, counter);
    return counter;
  }
}
