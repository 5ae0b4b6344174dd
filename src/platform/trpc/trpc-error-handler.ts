import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { TRPCErrorHandler } from 'nestjs-trpc';
import { logError, toAppError } from '../errors';
import { LOGGER, type Logger } from '../logging';

/** Logs what a procedure threw, at the level of its fault. */
@Injectable()
export class TrpcErrorHandler implements TRPCErrorHandler {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  onError({ error, path, type, req }: Parameters<TRPCErrorHandler['onError']>[0]): void {
    const { id: requestId } = req as FastifyRequest; // the application runs on the Fastify adapter only
    logError(this.logger, toAppError(error), { requestId, procedure: path, type });
  }
}
