import { FirstPartTimeout } from './failures';

/** How long a candidate may stay silent, and until when the caller wants an answer at all. */
export class CallLimits {
  /** For the provider call: aborts when the caller gives up or the candidate is too slow. */
  readonly signal: AbortSignal;
  private readonly own = new AbortController();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly caller: AbortSignal | undefined,
    firstPartTimeoutMs: number,
  ) {
    this.signal = caller ? AbortSignal.any([caller, this.own.signal]) : this.own.signal;
    this.timer = setTimeout(
      () => this.own.abort(new FirstPartTimeout(firstPartTimeoutMs)),
      firstPartTimeoutMs,
    );
  }

  /** Settles with `promise`, or rejects at once when the signal aborts: a provider call need not notice it. */
  async race<T>(promise: PromiseLike<T>): Promise<T> {
    const { signal } = this;
    let stop: (() => void) | undefined;
    const aborted = new Promise<never>((_, reject) => {
      stop = () => reject(toError(signal.reason));
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
    try {
      return await Promise.race([promise, aborted]);
    } finally {
      if (stop) signal.removeEventListener('abort', stop);
    }
  }

  /** The answer has begun: from here on only the caller ends it. */
  firstPartArrived(): void {
    clearTimeout(this.timer);
  }

  /** Ends a call that will not be used, so that no connection stays open. */
  giveUp(): void {
    this.own.abort();
  }

  /** The time-out, where it is why the call failed in some other words. */
  reasonFor(error: unknown): unknown {
    if (this.caller?.aborted) return this.caller.reason;
    return this.own.signal.reason instanceof FirstPartTimeout ? this.own.signal.reason : error;
  }
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new DOMException('The call was aborted.', 'AbortError');
}
