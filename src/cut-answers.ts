import { LogController, type FastifyRequest } from 'fastify';
import { isPrematureClose, logError, toAppError } from './platform/errors';
import type { Logger } from './platform/logging';

/** Tells of answers that were cut by an error of ours once they had begun: they have their status already, and no filter hears. */
export class CutAnswerLog extends LogController {
  constructor(private readonly logger: Logger) {
    super();
  }

  override streamError(error: Error, request: FastifyRequest): void {
    if (isPrematureClose(error)) return; // the client went, or was dropped: its request is logged, as cut
    logError(this.logger, toAppError(error), {
      requestId: request.id,
      method: request.method,
      url: request.routeOptions.url,
    });
  }
}
