import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LOGGER, type Logger } from '../logging';
import { type AppError, type ErrorCode } from './app-error';
import { logError } from './log-error';
import { toAppError } from './to-app-error';

/** HTTP status of each code. */
const restStatus: Record<ErrorCode, number> = {
  VALIDATION_FAILED: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  MODEL_NOT_AVAILABLE: 409,
  NO_DEFAULT_MODEL: 409,
  TOKEN_MISSING: 409,
  TOKEN_UNREADABLE: 503,
  AGENT_LOCKED: 409,
  BUDGET_EXCEEDED: 402,
  RATE_LIMITED: 429,
  EGRESS_REFUSED: 400,
  PROVIDER_FAILED: 502,
  SHUTTING_DOWN: 503,
  INTERNAL: 500,
};

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
    const error = toAppError(thrown);
    logError(this.logger, error, {
      requestId: request.id,
      method: request.method,
      url: request.routeOptions.url,
    });
    if (reply.sent || reply.raw.headersSent) return;
    void reply.status(restStatus[error.code]).headers(error.headers).send(restErrorBody(error, request.id));
  }
}
