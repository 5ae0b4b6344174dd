import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { ENV, type Env, type Rate } from '../env';
import { LOGGER, type Logger } from '../logging';
import { BoundedMemoryLimiter } from './bounded-memory-limiter';
import { Limiter } from './limiter';
import { openRedis, type Redis } from './redis';

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
    const options = { points: rate.count, duration: rate.seconds };
    const memory = new BoundedMemoryLimiter(options);
    if (!this.redis) return new Limiter(name, rate, memory);
    const shared = new RateLimiterRedis({
      ...options,
      storeClient: this.redis,
      keyPrefix: `ai-studio:limit:${name}`,
      insuranceLimiter: memory,
    });
    return new Limiter(name, rate, shared);
  }

  onModuleDestroy(): void {
    this.redis?.disconnect();
  }
}
