import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

/** A client that takes nothing for so long, while there is something to take, is dropped. */
const slowClientMs = 60_000;
/** What is read ahead for one client. */
const aheadBytes = 64 * 1024;
/** So much is handed to the system at once: what was taken is only known of whole pieces. */
const sliceBytes = 16 * 1024;

/**
 * The body of a long answer: pieces are asked for only as fast as the client reads. One that takes nothing is dropped. Where
 * the client is gone, `pieces` is ended unread.
 */
export function toPacedBody(
  reply: FastifyReply,
  pieces: AsyncIterable<Buffer | string>,
  slowMs = slowClientMs,
): Readable {
  // The client went while its answer was prepared: Node has said so already, and says so once.
  if (reply.raw.destroyed) return Readable.from(pieces).destroy();
  dropWhenSlow(reply.raw, slowMs);
  return Readable.from(slices(pieces), { objectMode: false, highWaterMark: aheadBytes });
}

async function* slices(pieces: AsyncIterable<Buffer | string>): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
    for (let at = 0; at < bytes.length; at += sliceBytes) yield bytes.subarray(at, at + sliceBytes);
  }
}

/** Until its connection closes, from the first byte to the last. */
function dropWhenSlow(response: ServerResponse, slowMs: number): void {
  let before = { waiting: 0, taken: 0 };
  const timer = setInterval(() => {
    const { socket } = response;
    if (!socket) return; // another answer on this connection comes first
    const now = {
      waiting: response.writableLength,
      taken: socket.bytesWritten - socket.writableLength,
    };
    if (before.waiting > 0 && now.waiting > 0 && now.taken === before.taken) response.destroy();
    before = now;
  }, slowMs);
  timer.unref();
  response.once('close', () => clearInterval(timer));
}
