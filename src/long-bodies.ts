import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from './platform/errors';
import { whenForgotten } from './platform/http';
import { ByteBudgets } from './platform/limits';

/** Up to this length bodies are read as they come, in bytes. */
const shortBody = 2 * 1024 * 1024;
/** Of one caller, a person or an API key: two of the longest. In memory, each is some three times as much. */
const together = 64 * 1024 * 1024;
/** Less than a client may take to send its request, of which the wait is a part. */
const maxWaitMs = 20_000;
const retryAfterSeconds = 5;

/**
 * How much of long bodies is held at once for one caller: a program that sends a hundred messages with files at the same moment
 * has them read and stored one after the other, and does not fill the memory that all share. A body that waits is not
 * read: it stays with its sender.
 */
export class LongBodies {
  private readonly budgets = new ByteBudgets(together);

  /**
   * Waits until the body may be read; until it is forgotten or answered, or its sender has gone in the middle of it, it
   * counts. Throws `RATE_LIMITED` where that
   * takes too long. `maxBytes` is what a body may have that does not say its length.
   */
  async admit(request: FastifyRequest, reply: FastifyReply, maxBytes: number): Promise<void> {
    const { raw, caller, headers } = request;
    const unsaid = headers['transfer-encoding'] === undefined ? 0 : maxBytes;
    const bytes = Number(headers['content-length'] ?? unsaid);
    if (!caller || bytes <= shortBody || bytes > maxBytes) return; // what is too long is refused unread
    if (reply.raw.destroyed) return; // its sender has gone, and nothing would say so once more
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    try {
      const patience = AbortSignal.any([gone.signal, AbortSignal.timeout(maxWaitMs)]);
      const giveBack = await this.budgets.take(caller.userId, bytes, patience);
      whenForgotten(request, giveBack);
      // What was read of it by then is held until it is stored or refused, whoever waits for that.
      reply.raw.once('close', () => raw.complete || giveBack());
    } catch (error) {
      throw tooMany(error);
    }
  }
}

function tooMany(cause: unknown): AppError {
  return new AppError(
    'RATE_LIMITED',
    'You are sending as many long messages at once as are read at once. Wait for some of them, and try again.',
    { retryAfterSeconds, cause },
  );
}
