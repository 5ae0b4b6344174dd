import { createTestEnv } from '../support/env';
import { TestRedis } from '../support/redis';
import { eventually } from '../support/streams';
import { createLogger } from '../../src/platform/logging';
import { Limiters, toLimitKey, type Limiter } from '../../src/platform/limits';

const rate = { count: 3, seconds: 60 };

/* Redis is given seconds to come back, and machines that test are busy. */
jest.setTimeout(60_000);

async function isTaken(limiter: Limiter | undefined, key: string): Promise<boolean> {
  try {
    await limiter?.take(key);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === 'RATE_LIMITED') return false;
    throw error;
  }
}

describe('limits of one process', () => {
  const env = createTestEnv({ dataDir: '/nonexistent', databaseUrl: undefined }, given());
  const limiters = new Limiters(env, createLogger(env));

  it('let so many through, by key, and then say when to come back', async () => {
    const limiter = limiters.create('calls', rate);
    for (let index = 0; index < 3; index += 1) await limiter?.take('ada');
    await expect(limiter?.take('ada')).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      headers: {
        'retry-after': '60',
        ratelimit: '"calls";r=0;t=60',
        'ratelimit-policy': '"calls";q=3;w=60',
      },
    });
    expect(await isTaken(limiter, 'grace')).toBe(true);
  });

  it('do not begin anew before the window has ended, however often somebody tries, and then do', async () => {
    const limiter = limiters.create('calls', { count: 1, seconds: 1 });
    expect(await isTaken(limiter, 'ada')).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await isTaken(limiter, 'ada')).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await isTaken(limiter, 'ada')).toBe(true);
  });

  it('are none where they are off', () => {
    expect(limiters.create('calls', undefined)).toBeUndefined();
  });
});

describe('limits of replicas', () => {
  const logs: string[] = [];
  let redis: TestRedis | undefined;
  let replicas: Limiters[] = [];

  beforeAll(async () => {
    redis = await TestRedis.start();
    if (!redis) process.stderr.write('There is no redis-server here: shared limits were not tested.\n');
  });

  afterEach(() => replicas.forEach((replica) => replica.onModuleDestroy()));
  afterAll(async () => {
    redis?.goOn();
    await redis?.stop();
  });

  /** Two processes' limiters on the same Redis, connected. */
  async function startReplicas(url: string): Promise<(Limiter | undefined)[]> {
    logs.length = 0;
    const env = createTestEnv(
      { dataDir: '/nonexistent', databaseUrl: undefined },
      { ...given(), REDIS_URL: url },
    );
    const logger = createLogger({ logLevel: 'debug' }, { write: (line) => void logs.push(line) });
    replicas = [new Limiters(env, logger), new Limiters(env, logger)];
    const limiters = replicas.map((replica) => replica.create('calls', rate));
    return limiters;
  }

  async function areShared(limiters: (Limiter | undefined)[]): Promise<void> {
    await eventually(async () => {
      const key = `key-${performance.now()}`;
      const taken = [0, 1, 0, 1].map((index) => isTaken(limiters[index], key));
      return (await Promise.all(taken)).filter(Boolean).length === 3;
    });
  }

  it('are shared, and go on without Redis', async () => {
    if (!redis) return;
    const limiters = await startReplicas(redis.url);
    await areShared(limiters);
    logs.length = 0;

    await redis.stop();
    const key = 'while it is away';
    for (const limiter of limiters) {
      for (let index = 0; index < 3; index += 1) expect(await isTaken(limiter, key)).toBe(true);
      expect(await isTaken(limiter, key)).toBe(false);
    }
    for (let index = 0; index < 50; index += 1) await isTaken(limiters[0], `key-${index}`);
    await new Promise((resolve) => setTimeout(resolve, 500)); // it tries again meanwhile
    expect(logs.filter((line) => line.includes('does not answer'))).toHaveLength(2); // one a replica

    await redis.run();
    await areShared(limiters);
    expect(logs.filter((line) => line.includes('answers again'))).toHaveLength(2);
    expect(logs).toHaveLength(4);
  });

  it('wait but once for a Redis that takes connections and answers nothing', async () => {
    if (!redis) return;
    const limiters = await startReplicas(redis.url);
    await areShared(limiters);
    redis.halt();
    const begin = performance.now();
    for (let index = 0; index < 100; index += 1) await isTaken(limiters[0], `key-${index}`);
    expect(performance.now() - begin).toBeLessThan(3_000);
    redis.goOn();
    await areShared(limiters);
  });

  it('leave in Redis neither addresses nor accounts in clear, and nothing for ever', async () => {
    if (!redis) return;
    const limiters = await startReplicas(redis.url);
    await areShared(limiters);
    const { authSecret } = createTestEnv({ dataDir: '/nonexistent', databaseUrl: undefined }, given());
    await limiters[0]?.take(toLimitKey(authSecret, 'ada@example.com', '192.0.2.1'));
    const keys = (await redis.ask('KEYS *')).split('\r\n').filter((line) => line.startsWith('ai-studio'));
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) {
      expect(key).toMatch(/^ai-studio:limit:calls:/);
      expect(key).not.toMatch(/ada|192\.0/);
      const [, ms] = /:(\d+)/.exec(await redis.ask(`PTTL "${key}"`)) ?? [];
      expect(Number(ms)).toBeGreaterThan(0);
    }
  });

  it('give back and forget', async () => {
    if (!redis) return;
    const [limiter] = await startReplicas(redis.url);
    await areShared([limiter, limiter]);
    for (let index = 0; index < 5; index += 1) {
      expect(await isTaken(limiter, 'given back')).toBe(true);
      await limiter?.giveBack('given back');
    }
    for (let index = 0; index < 4; index += 1) await isTaken(limiter, 'forgotten');
    await limiter?.forget('forgotten');
    expect(await isTaken(limiter, 'forgotten')).toBe(true);
    await limiter?.giveBack('never was');
    for (let index = 0; index < 3; index += 1) expect(await isTaken(limiter, 'never was')).toBe(true);
    expect(await isTaken(limiter, 'never was')).toBe(false);
  });
});

/** Keys that nothing has to be generated for. */
function given(): Record<string, string> {
  return {
    AUTH_SECRET: 'a secret for the tests of limits only',
    AI_STUDIO_KEK: `test:${Buffer.alloc(32, 7).toString('base64')}`,
    AUDIT_KEY: 'another secret for tests of limits only',
  };
}
