import type { AnswerEvent } from './answer-events';

/** What a feed remembers beyond what its readers need soon. */
const windowBytes = 256 * 1024;
const maxRead = 64 * 1024;

interface Piece extends AnswerEvent {
  /** Where it ends, in bytes from the answer's beginning. */
  end: number;
}

/**
 * The newest events of one answer in memory, for any number of readers: each has its own place, and all share the bytes.
 * Its window begins somewhere in the answer and ends with what was said last; what is before it is in the log.
 */
export class EventFeed {
  private pieces: Piece[] = [];
  private readonly waiting = new Set<() => void>();
  private state: 'open' | 'ended' | 'cut' = 'open';

  /**
   * @param end bytes of the answer before the first event that will be pushed
   * @param lastNumber number of the event before it, 0 at the beginning
   */
  constructor(
    public end = 0,
    public lastNumber = 0,
  ) {}

  /** Where the window begins, in bytes from the answer's beginning. */
  get start(): number {
    const [first] = this.pieces;
    return first ? first.end - first.bytes.length : this.end;
  }

  /** Nothing more will come: the whole answer is there (`ended`), or its readers have to look elsewhere (`cut`). */
  get isOver(): boolean {
    return this.state !== 'open';
  }

  push({ number, bytes }: AnswerEvent): void {
    if (this.isOver) return;
    this.end += bytes.length;
    this.lastNumber = number;
    this.pieces.push({ number, bytes, end: this.end });
    this.wake();
  }

  close(how: 'ended' | 'cut'): void {
    if (this.isOver) return;
    this.state = how;
    this.wake();
  }

  /** Forgets what is in the log up to `logged` bytes, but for the newest part. */
  forget(logged: number): void {
    const keepFrom = Math.min(logged, this.end - windowBytes);
    const keep = this.pieces.findIndex(({ end }) => end > keepFrom);
    if (keep > 0) this.pieces = this.pieces.slice(keep);
  }

  /** What there is from this place on, up to the end of an event; `undefined` at the end. The place must be in the window. */
  from(offset: number): Buffer | undefined {
    if (offset >= this.end) return undefined;
    const first = this.findPiece(offset);
    const piece = this.pieces[first];
    if (!piece) return undefined;
    const head = piece.bytes.subarray(offset - (piece.end - piece.bytes.length));
    if (first === this.pieces.length - 1) return head; // the usual case: one event, the same bytes for everybody
    const parts = [head];
    let size = head.length;
    for (
      let next = this.pieces[first + 1];
      next && size < maxRead;
      next = this.pieces[first + parts.length]
    ) {
      parts.push(next.bytes);
      size += next.bytes.length;
    }
    return Buffer.concat(parts, size);
  }

  /** Where the event ends; `undefined` where memory does not know: then the log does. */
  endOf(number: number): number | undefined {
    if (number === this.lastNumber) return this.end;
    return this.pieces.find((piece) => piece.number === number)?.end;
  }

  /** Resolves when something was pushed, the feed is over, or {@link wake} was called. */
  news(): Promise<void> {
    if (this.isOver) return Promise.resolve();
    return new Promise((resolve) => this.waiting.add(resolve));
  }

  /** Lets who waits for news look again. */
  wake(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }

  /** The first piece that ends behind `offset`. */
  private findPiece(offset: number): number {
    let [low, high] = [0, this.pieces.length - 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.pieces[middle]?.end ?? 0) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
