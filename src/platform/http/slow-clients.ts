import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** A client that takes nothing for so long, while there is something to take, is dropped. */
const slowClientMs = 60_000;
/** A body is long from here on: what is shorter is soon with the system. */
const longBytes = 64 * 1024;

/** What an answer stands at: `waiting` bytes are still here, the others tell whether the system took any meanwhile. */
interface Progress {
  waiting: number;
  taken: number;
  unwritten: number;
}

/** Drops the client of an answer that takes nothing any more, until its connection closes. */
export function dropWhenSlow(response: ServerResponse, slowMs = slowClientMs): void {
  if (response.destroyed) return; // Node has said so already, and says so once
  let before: Progress = { waiting: 0, taken: 0, unwritten: 0 };
  const timer = setInterval(() => {
    const { socket } = response;
    if (!socket) return; // another answer on this connection comes first
    const now: Progress = {
      waiting: response.writableLength,
      taken: socket.bytesWritten - socket.writableLength,
      unwritten: unwrittenOf(socket),
    };
    const stands = now.taken === before.taken && now.unwritten === before.unwritten;
    if (before.waiting > 0 && now.waiting > 0 && stands) response.destroy();
    before = now;
  }, slowMs);
  timer.unref();
  response.once('close', () => clearInterval(timer));
}

/** Whether a body is long, and not one of `toPacedBody`, which drops slow clients itself: a whole, or what tRPC answers. */
export function isLongUnpaced(body: unknown): boolean {
  return typeof body === 'string' || Buffer.isBuffer(body)
    ? body.length > longBytes
    : body instanceof Response; // its length nobody knows
}

/** What is left of the piece that the system is taking: of a large one that is all that moves. As Node's own timeout asks. */
function unwrittenOf(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { _handle?: { writeQueueSize: number } | null };
  return handle?.writeQueueSize ?? 0;
}
