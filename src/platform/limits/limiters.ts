import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { ENV, type Env, type Rate } from '../env';
import { LOGGER, type Logger } from '../logging';
import { Limiter } from './limiter';
import { MemoryCounters } from './memory-counters';
import { openRedis, type Redis } from './redis-connection';
import { RedisCounters } from './redis-counters';

/** Makes limiters: shared by all replicas where there is a Redis, of this process where there is none. */
@Injectable()
export class Limiters implements OnModuleDestroy {
  private readonly redis: Redis | undefined;

  constructor(@Inject(ENV) { redisUrl }: Env, @Inject(LOGGER) logger: Logger) {
    this.redis = redisUrl && openRedis(redisUrl, logger);
  }

  /** `undefined` for a limit that is off: `limiter?.take(key)`. */
  create(name: string, rate: Rate | undefined): Limiter | undefined {
    if (!rate) return undefined;
    const windowMs = rate.seconds * 1_000;
    const alone = new MemoryCounters(windowMs);
    const counters = this.redis
      ? new RedisCounters(this.redis, `ai-studio:limit:${name}:`, windowMs, alone)
      : alone;
    return new Limiter(name, rate, counters);
  }

  onModuleDestroy(): void {
    this.redis?.disconnect();
  }
}
