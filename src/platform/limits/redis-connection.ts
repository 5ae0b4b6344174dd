import { Redis } from 'ioredis';
import type { Logger } from '../logging';
import type { SecretString } from '../secrets';

export type { Redis };

/** No limit is worth a longer wait: without an answer the process counts for itself. */
const patienceMs = 500;

/**
 * Connects in the background, and again whenever the connection is lost. A command that comes meanwhile fails at once. One
 * that is accepted but not answered ends the connection, so that only the commands of one moment wait. Going and coming
 * back are logged, once each.
 */
export function openRedis(url: SecretString, logger: Logger): Redis {
  const redis = new Redis(url.reveal(), {
    connectionName: 'ai-studio-limits',
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    connectTimeout: 2_000,
    commandTimeout: patienceMs,
    socketTimeout: patienceMs,
    retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
  });
  let isAnswering = true;
  const noteGone = (error?: Error) => {
    if (!isAnswering) return;
    isAnswering = false;
    const reason = error && 'code' in error ? error.code : error?.name; // a message may hold the address
    logger.warn({ reason }, 'Redis does not answer: each replica counts its rate limits for itself');
  };
  redis.on('error', noteGone);
  redis.on('close', noteGone);
  redis.on('end', () => redis.removeAllListeners()); // closed by us
  redis.on('ready', () => {
    if (!isAnswering) logger.info('Redis answers again: replicas share their rate limits');
    isAnswering = true;
  });
  return redis;
}
