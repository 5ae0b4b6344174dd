import { LogController, type FastifyRequest } from 'fastify';
import { logError, toAppError } from './platform/errors';
import type { Logger } from './platform/logging';

/** Tells of answers that were cut by an error of ours once they had begun: they have their status already, and no filter hears. */
export class CutAnswerLog extends LogController {
  constructor(private readonly logger: Logger) {
    super();
  }

  override streamError(error: Error & { code?: string }, request: FastifyRequest): void {
    if (error.code === 'ERR_STREAM_PREMATURE_CLOSE') return; // the client went: its request is logged as any other
    logError(this.logger, toAppError(error), {
      requestId: request.id,
      method: request.method,
      url: request.routeOptions.url,
    });
  }
}
