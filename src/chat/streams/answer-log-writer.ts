import type { Scope } from '@kdx/shared';
import type { Logger } from '../../platform/logging';
import type { AnswerEvent } from './answer-events';
import type { AnswerLog, EventBatch } from './answer-log.repository';

/** What is said within this time, or up to this size, is written together. */
const batchMs = 100;
const batchBytes = 8 * 1024;
const maxBatchBytes = 128 * 1024;
/** How much may be unwritten, while the database is away, before the answer has to wait. */
const maxUnwrittenBytes = 8 * 1024 * 1024;
const maxRetryMs = 1_000;
/** Where a write takes long, the next one waits this many times as long: a busy database gets fewer and larger ones. */
const restFactor = 4;

interface Listener {
  /** So many bytes of the answer are in the log. */
  onWritten(bytes: number): void;
  /** The log is no longer this process's to write, or the answer is gone. */
  onLost(): void;
}

/**
 * Writes the log of one answer, alone and in order, behind what readers hear: one batch at a time, which is tried until
 * it is written. The last batches it leaves to whoever stores the end of the answer, for one transaction with it.
 */
export class AnswerLogWriter {
  private unwritten: AnswerEvent[] = [];
  private size = 0;
  /** Bytes of the answer that have been made into batches. */
  private batched = 0;
  /** Made, and not known to be written: it is sent again as it is, so that it cannot be there twice. */
  private batch: EventBatch | undefined;
  private wake: () => void = () => undefined;
  private isEnding = false;
  private isLost = false;
  private writing: Promise<void> | undefined;

  constructor(
    private readonly scope: Scope,
    private readonly messageId: string,
    private readonly log: AnswerLog,
    private readonly logger: Logger,
    private readonly listener: Listener,
  ) {}

  add(event: AnswerEvent): void {
    if (this.isLost) return;
    this.unwritten.push(event);
    this.size += event.bytes.length;
    this.writing ??= this.write();
    if (this.size >= batchBytes) this.wake();
  }

  /** Whether the answer has to wait for the database. */
  get isFull(): boolean {
    return this.size > maxUnwrittenBytes && !this.isLost;
  }

  /** Waits until there is room again, or `signal` is aborted. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.isFull && !signal.aborted) await sleep(batchMs);
  }

  /** Stops writing, and gives what is unwritten: with `last`, the end of the log. Nothing where the log is lost. */
  async rest(last: AnswerEvent[]): Promise<EventBatch[]> {
    this.isEnding = true;
    this.wake();
    await this.writing;
    if (this.isLost) return [];
    const batches = this.batch ? [this.batch] : [];
    this.unwritten.push(...last);
    while (this.unwritten.length > 0) batches.push(this.take());
    return batches.map((batch, index) => ({ ...batch, isEnd: index === batches.length - 1 }));
  }

  private async write(): Promise<void> {
    for (let failures = 0, restMs = 0; !this.isEnding;) {
      if (!this.batch) {
        if (this.size < batchBytes || restMs > batchMs) await this.pause(Math.max(batchMs, restMs));
        if (this.isEnding) return;
        if (this.unwritten.length === 0) continue;
        this.batch = this.take();
      }
      try {
        const startedAt = performance.now();
        if (!(await this.log.append(this.scope, this.messageId, this.batch))) return this.lose();
        this.listener.onWritten(this.batch.end);
        this.batch = undefined;
        failures = 0;
        restMs = Math.min((performance.now() - startedAt) * restFactor, maxRetryMs);
      } catch (error) {
        if (failures === 0) this.report(error);
        if (this.isEnding) return;
        await this.pause(Math.min(batchMs * 2 ** failures, maxRetryMs));
        failures += 1;
      }
    }
  }

  private take(): EventBatch {
    let count = 0;
    let bytes = 0;
    for (const event of this.unwritten) {
      if (count > 0 && bytes + event.bytes.length > maxBatchBytes) break;
      count += 1;
      bytes += event.bytes.length;
    }
    const events = this.unwritten.slice(0, count);
    this.unwritten = this.unwritten.slice(count);
    this.size -= bytes;
    this.batched += bytes;
    return {
      seq: events.at(-1)?.number ?? 0,
      end: this.batched,
      isEnd: false,
      text: Buffer.concat(events.map((event) => event.bytes)).toString(),
    };
  }

  private lose(): void {
    this.isLost = true;
    this.unwritten = [];
    this.size = 0;
    this.isEnding = true;
    this.listener.onLost();
  }

  private report(error: unknown): void {
    this.logger.error(
      { err: error, messageId: this.messageId },
      'what an answer says cannot be written to its log; it is tried again',
    );
  }

  /** At most so long; less where {@link wake} is called. */
  private async pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
