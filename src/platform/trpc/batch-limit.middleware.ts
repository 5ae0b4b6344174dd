import { Injectable } from '@nestjs/common';
import type { MiddlewareOptions, MiddlewareResponse, TRPCMiddleware } from 'nestjs-trpc';
import { AppError, toTrpcError } from '../errors';
import type { TrpcRequestContext } from './trpc-context';

/** Calls in one request. The client of tRPC joins all that are made in one moment, unless it is told otherwise. */
const maxBatch = 50;

/** Refuses each call of a batch that is too large, in the form that its client reads. */
@Injectable()
export class BatchLimitMiddleware implements TRPCMiddleware {
  async use({ ctx, next }: MiddlewareOptions<TrpcRequestContext>): MiddlewareResponse {
    if (ctx.batchSize <= maxBatch) return next();
    throw toTrpcError(
      new AppError(
        'VALIDATION_FAILED',
        `A batch takes at most ${maxBatch} calls. Set maxItems: ${maxBatch} at httpBatchLink.`,
      ),
    );
  }
}
