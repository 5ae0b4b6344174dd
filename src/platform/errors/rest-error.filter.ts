import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LOGGER, type Logger } from '../logging';
import type { AppError } from './app-error';
import { logError } from './log-error';
import { isPrematureClose } from './premature-close';
import { restStatus } from './rest-status';
import { toAppError } from './to-app-error';

/** Body of every REST error. */
export function restErrorBody(error: AppError, requestId: string): object {
  const { code, message, details } = error;
  return { error: { code, message, ...(details === undefined ? {} : { details }), requestId } };
}

/** The one place where an error becomes a REST answer. */
@Catch()
export class RestErrorFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const context = { requestId: request.id, method: request.method, url: request.routeOptions.url };
    if (reply.raw.destroyed && isPrematureClose(thrown)) {
      this.logger.info(context, 'the client hung up before its answer began');
      return;
    }
    const error = toAppError(thrown);
    logError(this.logger, error, context);
    if (reply.sent || reply.raw.headersSent) return;
    void reply.status(restStatus[error.code]).headers(error.headers).send(restErrorBody(error, request.id));
  }
}
