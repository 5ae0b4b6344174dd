import { setImmediate, setTimeout } from 'node:timers/promises';

const longestTimer = 2 ** 31 - 1; // beyond it Node fires at once

/**
 * Returns a function that resolves when the next token is due. Token n is due n / `tokensPerSecond` seconds
 * after this call, whatever became of those before it: a timer that fires late delays one token, not all that
 * follow. At speed 0, and when behind, it only gives the event loop its turn.
 *
 * The returned function rejects with the signal's reason as soon as the signal aborts, and leaves no timer.
 */
export function createPace(tokensPerSecond: number, signal: AbortSignal): () => Promise<void> {
  const start = performance.now();
  let count = 0;
  return async () => {
    count += 1;
    const due = tokensPerSecond === 0 ? start : start + (count * 1000) / tokensPerSecond;
    const wait = Math.ceil(due - performance.now());
    // On abort the timer rejects with its own AbortError; the caller's reason is thrown in its place below.
    if (wait > 0)
      await setTimeout(Math.min(wait, longestTimer), undefined, { signal }).catch(() => undefined);
    else await setImmediate();
    signal.throwIfAborted();
  };
}

/** Never resolves; rejects with the signal's reason when it aborts. Holds no timer. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
