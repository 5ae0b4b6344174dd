import type { Redis } from './redis-connection';
import type { Counters, Standing } from './limiter';

/** Counts and, with the first of a window, says when it ends: in one step, so that no count is left without an end. */
const add = `
local count = redis.call('incr', KEYS[1])
local left = redis.call('pttl', KEYS[1])
if left < 0 then
  redis.call('pexpire', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {count, left}`;

/** Only where there is a window: one that has ended must not begin below nothing. */
const takeBack = `if redis.call('exists', KEYS[1]) == 1 then redis.call('decr', KEYS[1]) end`;

/** Counts in Redis, with all replicas. While it does not answer, `alone` counts for this process. */
export class RedisCounters implements Counters {
  /** @param prefix of the keys in Redis, up to and with the last colon */
  constructor(
    private readonly redis: Redis,
    private readonly prefix: string,
    private readonly windowMs: number,
    private readonly alone: Counters,
  ) {}

  async add(key: string): Promise<Standing> {
    try {
      const [count, msLeft] = toPair(await this.redis.eval(add, 1, this.prefix + key, this.windowMs));
      return { count, msLeft };
    } catch {
      return this.alone.add(key);
    }
  }

  async takeBack(key: string): Promise<void> {
    await this.redis.eval(takeBack, 1, this.prefix + key).catch(() => this.alone.takeBack(key));
  }

  async forget(key: string): Promise<void> {
    await this.redis.del(this.prefix + key).catch(() => this.alone.forget(key));
  }
}

function toPair(answer: unknown): [number, number] {
  if (!Array.isArray(answer)) throw new TypeError('Redis answered something else than two numbers.');
  return [Number(answer[0]), Number(answer[1])];
}
