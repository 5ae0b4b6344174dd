interface Waiting {
  bytes: number;
  go: () => void;
}

/** So many bytes of something may be in memory at once. Who comes while they are taken waits, in the order of coming. */
export class ByteBudget {
  private readonly queue = new Set<Waiting>();
  private free: number;

  constructor(private readonly total: number) {
    this.free = total;
  }

  /** Whether nobody has any of it. */
  get isUntouched(): boolean {
    return this.free === this.total && this.queue.size === 0;
  }

  /**
   * Resolves with what gives `bytes` back, once they are free; what is called again does nothing. More than there are count as
   * all of them. Rejects with the reason of `signal` where that is aborted before.
   */
  async take(bytes: number, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    const waiting: Waiting = { bytes: Math.min(bytes, this.total), go: () => undefined };
    const turn = new Promise<void>((resolve, reject) => {
      waiting.go = resolve;
      signal?.addEventListener('abort', () => this.leave(waiting) && reject(signal.reason as Error), {
        once: true,
      });
    });
    this.queue.add(waiting);
    this.serve();
    await turn;
    let isBack = false;
    return () => {
      if (isBack) return;
      isBack = true;
      this.free += waiting.bytes;
      this.serve();
    };
  }

  /** Whether it was still waiting. */
  private leave(waiting: Waiting): boolean {
    const wasWaiting = this.queue.delete(waiting);
    this.serve(); // whoever stood behind it may fit
    return wasWaiting;
  }

  private serve(): void {
    for (const waiting of this.queue) {
      if (waiting.bytes > this.free) return;
      this.free -= waiting.bytes;
      this.queue.delete(waiting);
      waiting.go();
    }
  }
}
