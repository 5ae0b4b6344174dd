import { Redis } from 'ioredis';
import type { Logger } from '../logging';
import type { SecretString } from '../secrets';

export type { Redis };

/** No limit is worth waiting longer for: without an answer the process counts for itself. */
const patienceMs = 500;

/**
 * Connects in the background, and again whenever the connection is lost. A command that comes meanwhile fails at once. A
 * Redis that accepts but does not answer is left, so that only the commands of one moment wait for it. Its going and its
 * coming back are logged, once each.
 */
export function openRedis(url: SecretString, logger: Logger): Redis {
  const redis = new Redis(url.reveal(), {
    connectionName: 'ai-studio-limits',
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    connectTimeout: 2_000,
    commandTimeout: patienceMs,
    socketTimeout: patienceMs,
    retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
  });
  let isAnswering = true;
  const onGone = (error?: Error) => {
    if (!isAnswering) return;
    isAnswering = false;
    const reason = error && 'code' in error ? error.code : error?.name;
    logger.warn({ reason }, 'Redis does not answer: rate limits are counted by each replica for itself');
  };
  redis.on('error', onGone);
  redis.on('close', onGone);
  redis.on('ready', () => {
    if (!isAnswering) logger.info('Redis answers again: rate limits are shared by all replicas');
    isAnswering = true;
  });
  return redis;
}
