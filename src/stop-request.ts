/** Why the process is asked to stop: a signal, or a parent that vanished without a word. */
export type StopReason = NodeJS.Signals | 'disconnect';

/**
 * Hears that the process is asked to stop, from the first moment on: the first process of a container gets no signal that
 * it does not listen for, and starting takes seconds.
 */
export class StopRequest {
  private reason: StopReason | undefined;
  private listener: ((reason: StopReason) => void) | undefined;

  constructor() {
    for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const)
      process.on(event, () => this.note(event));
  }

  /** True where it came already. */
  get isMade(): boolean {
    return this.reason !== undefined;
  }

  /** Calls `listener` once: when it comes, or at once where it came already. */
  onceMade(listener: (reason: StopReason) => void): void {
    if (this.reason) listener(this.reason);
    else this.listener = listener;
  }

  private note(reason: StopReason): void {
    if (this.reason) return;
    this.reason = reason;
    this.listener?.(reason);
  }
}
