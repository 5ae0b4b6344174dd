import type { Counters, Standing } from './limiter';

/** How many keys are remembered, in two generations. */
const maxKeys = 100_000;

interface Counter {
  count: number;
  /** On the clock of `performance.now()`, which nobody sets back. */
  endsAt: number;
}

/**
 * Counts in this process, in bounded memory and without timers. All keys live equally long, so they are kept in two
 * generations: when the younger has lasted a window, or is full, the elder goes. What goes has ended, or there are too many.
 */
export class MemoryCounters implements Counters {
  private young = new Map<string, Counter>();
  private old = new Map<string, Counter>();
  private youngSince = performance.now();

  constructor(private readonly windowMs: number) {}

  get size(): number {
    return this.young.size + this.old.size;
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
    this.young.delete(key);
    this.old.delete(key);
  }

  private find(key: string, now: number): Counter | undefined {
    const counter = this.young.get(key) ?? this.old.get(key);
    return counter && counter.endsAt > now ? counter : undefined;
  }

  private begin(key: string, now: number): Counter {
    if (this.young.size >= maxKeys / 2 || now - this.youngSince >= this.windowMs) {
      [this.old, this.young] = [this.young, new Map()];
      this.youngSince = now;
    }
    const counter = { count: 0, endsAt: now + this.windowMs };
    this.young.set(key, counter);
    return counter;
  }
}
