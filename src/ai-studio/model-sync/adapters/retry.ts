import { setTimeout as wait } from 'node:timers/promises';
import { waitFailure } from './failures';

/** After the first attempt. */
export const maxRetries = 3;
/** Milliseconds that a `Retry-After` may ask for; beyond them the caller is told when to come back. */
const longestRetryAfterMs = 60_000;
const firstBackoffMs = 500;

/** True for answers that another attempt may change: time-outs, rate limits and the server's own failures. */
export function isRetryable(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/**
 * Milliseconds to wait before the next attempt, as the answer's `Retry-After` asks; `undefined` where it asks nothing
 * readable. Throws `PROVIDER_FAILED` for a wait that is too long to sit out.
 */
export function requestedWait({ status, headers }: Response, now: number): number | undefined {
  const waitMs = parseRetryAfter(headers.get('retry-after'), now);
  if (waitMs !== undefined && waitMs > longestRetryAfterMs) throw waitFailure(status, waitMs / 1000, now);
  return waitMs;
}

/**
 * Milliseconds before the next attempt, `attempt` of them made: doubled each time, and between half and all of that, so
 * that callers who failed together do not come back together.
 */
export function backoff(attempt: number): number {
  return firstBackoffMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
}

/** Waits; ends early with the reason of the signal. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw error;
  });
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3). */
function parseRetryAfter(header: string | null, now: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  // A date has letters; without this, Date.parse would read numbers such as -5 as years.
  const time = /^[A-Za-z]{3}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : Math.max(0, time - now);
}
