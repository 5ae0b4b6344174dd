import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

/** A client that takes nothing for so long, while there is something to take, is dropped. */
const slowClientMs = 60_000;

interface PacedBodyOptions {
  slowMs?: number;
  /** What is read ahead for one client. */
  aheadBytes?: number;
}

/** The body of a long answer: pieces are asked for only as fast as the client reads. One that takes nothing is dropped. */
export function toPacedBody(
  reply: FastifyReply,
  pieces: AsyncIterable<Buffer | string>,
  { slowMs = slowClientMs, aheadBytes = 64 * 1024 }: PacedBodyOptions = {},
): Readable {
  const written = () => {
    const { socket } = reply.raw;
    return socket ? socket.bytesWritten - socket.writableLength : 0;
  };
  const body: Readable = Readable.from(
    watched(pieces, slowMs, written, () => body.destroy()),
    { objectMode: false, highWaterMark: aheadBytes },
  );
  return body;
}

/** Calls `drop` where nothing more is asked for, and nothing of what was given is taken, for `slowMs`. */
async function* watched<T>(
  pieces: AsyncIterable<T>,
  slowMs: number,
  written: () => number,
  drop: () => void,
): AsyncGenerator<T> {
  for await (const piece of pieces) {
    let before = written();
    const timer = setInterval(() => {
      const now = written();
      if (now === before) drop();
      before = now;
    }, slowMs);
    timer.unref();
    try {
      yield piece;
    } finally {
      clearInterval(timer);
    }
  }
}
