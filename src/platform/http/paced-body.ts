import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { dropWhenSlow } from './slow-clients';

/** What is read ahead for one client. */
const aheadBytes = 64 * 1024;
/** So much is handed to the system at once, so that what was taken is seen in small pieces. */
const sliceBytes = 16 * 1024;

/**
 * The body of a long answer: pieces are asked for only as fast as the client reads. One that takes nothing is dropped. Where
 * the client is gone, `pieces` is ended unread.
 */
export function toPacedBody(
  reply: FastifyReply,
  pieces: AsyncIterable<Buffer | string>,
  slowMs?: number,
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
