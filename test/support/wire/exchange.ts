import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { invalidByte } from './protocol';

/** One answer under way: knows who closed the connection, and stops waiting when it is closed. */
export class Exchange {
  /** Resolves if it was the client who closed it, before the end. */
  readonly aborted: Promise<void>;

  private readonly closed = new AbortController();
  private hungUp = false;

  constructor(private readonly response: ServerResponse) {
    // A socket that dies under a write is a normal end here; without a listener it would end the process.
    response.on('error', () => undefined);
    response.once('close', () => this.closed.abort());
    this.aborted = new Promise((resolve) => {
      response.once('close', () => {
        if (!this.hungUp && !response.writableFinished) resolve();
      });
    });
  }

  get open(): boolean {
    return !this.closed.signal.aborted;
  }

  /** Sends the head at once: the client has its answer's status before the first byte of the body. */
  start(status: number, headers: Record<string, string | number>): void {
    if (!this.open) return;
    this.response.writeHead(status, headers);
    this.response.flushHeaders();
  }

  /** Resolves when the bytes are with the operating system, so that a cut right after does not lose them. */
  async write(frame: string | Buffer): Promise<void> {
    if (!this.open) return;
    const bytes = typeof frame === 'string' ? toBytes(frame) : frame;
    await new Promise<void>((resolve) => {
      this.response.write(bytes, () => resolve());
    });
  }

  end(): void {
    if (this.open) this.response.end();
  }

  /** Waits, at most until the connection is closed. */
  async pause(milliseconds: number): Promise<void> {
    if (milliseconds <= 0 || !this.open) return;
    await sleep(milliseconds, undefined, { signal: this.closed.signal }).catch(() => undefined);
  }

  /** Destroys the socket from our side. */
  hangUp(): void {
    this.hungUp = true;
    this.response.destroy();
  }
}

/** UTF-8, but for `invalidByte`, which becomes 0xFF. */
export function toBytes(text: string): Buffer {
  const pieces = text.split(invalidByte).map((piece) => Buffer.from(piece));
  return Buffer.concat(pieces.flatMap((piece, index) => (index === 0 ? [piece] : [Buffer.of(0xff), piece])));
}
