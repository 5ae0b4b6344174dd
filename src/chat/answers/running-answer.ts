import type { UIMessageChunk } from 'ai';

/** An answer that is being streamed: keeps what it has said so far, and says it to whoever listens, from the beginning. */
export class RunningAnswer {
  private readonly chunks: UIMessageChunk[] = [];
  private readonly waiting = new Set<() => void>();
  private readonly controller = new AbortController();
  private over = false;
  private stopReason: 'stopped' | 'interrupted' = 'stopped';
  /** Settles when the answer is stored in its final state. */
  readonly done: Promise<void>;
  private settle: () => void = () => undefined;

  constructor(readonly messageId: string) {
    this.done = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** How the answer ends if its signal was aborted. */
  get endedAs(): 'stopped' | 'interrupted' {
    return this.stopReason;
  }

  /** Ends it early: by the user (`stopped`), or because the server has to go (`interrupted`). */
  stop(reason: 'stopped' | 'interrupted'): void {
    if (this.signal.aborted) return;
    this.stopReason = reason;
    this.controller.abort(new DOMException(`The answer was ${reason}.`, 'AbortError'));
  }

  say(chunk: UIMessageChunk): void {
    this.chunks.push(chunk);
    this.wake();
  }

  /** Nothing more will be said, and the final state is stored. */
  end(): void {
    this.over = true;
    this.wake();
    this.settle();
  }

  /** Everything from the first chunk on. A listener that goes away ends nothing; a slow one is only read as fast as it reads. */
  async *listen(): AsyncGenerator<UIMessageChunk> {
    for (let next = 0; ;) {
      const chunk = this.chunks[next];
      if (chunk) {
        next += 1;
        yield chunk;
      } else if (this.over) {
        return;
      } else {
        await this.news();
      }
    }
  }

  private news(): Promise<void> {
    return new Promise((resolve) => this.waiting.add(resolve));
  }

  private wake(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}
