import type { UIMessageChunk } from 'ai';
import { ExecutionInterrupted } from '../../ai-studio';
import { done, toEvent, type AnswerEvent } from '../streams/answer-events';
import { EventFeed } from '../streams/event-feed';

/** An answer that this process gives: what it says becomes events, which its readers hear at once. */
export class RunningAnswer {
  readonly feed = new EventFeed();
  /** Settles when the answer is stored in its final state. */
  readonly done: Promise<void>;
  private readonly controller = new AbortController();
  private stopReason: 'stopped' | 'interrupted' = 'stopped';
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
    const text = `The answer was ${reason}.`;
    this.controller.abort(
      reason === 'interrupted' ? new ExecutionInterrupted(text) : new DOMException(text, 'AbortError'),
    );
  }

  say(chunk: UIMessageChunk): AnswerEvent {
    const event = toEvent(this.messageId, this.feed.lastNumber + 1, chunk);
    this.feed.push(event);
    return event;
  }

  /** The last events, with `[DONE]`. Nobody hears them yet: who hears the end may send the next message at once. */
  toEnding(last: UIMessageChunk[]): AnswerEvent[] {
    const all: (UIMessageChunk | typeof done)[] = [...last, done];
    return all.map((chunk, index) => toEvent(this.messageId, this.feed.lastNumber + 1 + index, chunk));
  }

  /** The final state is stored, and its end is in the log. */
  end(ending: AnswerEvent[]): void {
    for (const event of ending) this.feed.push(event);
    this.feed.close('ended');
    this.settle();
  }

  /** The end is not in the log, or in another's words: readers have to look there. */
  endUnlogged(): void {
    this.feed.close('cut');
    this.settle();
  }

  /** Another process has taken it over, or it was deleted: what it still says, nobody hears. */
  lose(): void {
    this.feed.close('cut');
    this.stop('interrupted');
  }
}
