import { Inject, Injectable } from '@nestjs/common';
import type { TRPCErrorHandler } from 'nestjs-trpc';
import { logError, toAppError } from '../errors';
import { LOGGER, type Logger } from '../logging';

/** Logs what a procedure threw, at the level of its fault. */
@Injectable()
export class TrpcErrorHandler implements TRPCErrorHandler {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  onError({ error, path, type, ctx }: Parameters<TRPCErrorHandler['onError']>[0]): void {
    const requestId =
      typeof ctx === 'object' && ctx !== null && 'requestId' in ctx ? ctx.requestId : undefined;
    logError(this.logger, toAppError(error), { requestId, procedure: path, type });
  }
}
