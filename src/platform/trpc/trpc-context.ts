import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ContextOptions, TRPCContext } from 'nestjs-trpc';

/** What every tRPC call starts with; the permission middleware adds the caller. */
export interface TrpcRequestContext {
  request: FastifyRequest;
  reply: FastifyReply;
  requestId: string;
  /** Calls in this request. */
  batchSize: number;
}

@Injectable()
export class TrpcContext implements TRPCContext {
  create({ req, res, info }: ContextOptions): Record<string, unknown> {
    // The application runs on the Fastify adapter only.
    const [request, reply] = [req as FastifyRequest, res as FastifyReply];
    return {
      request,
      reply,
      requestId: request.id,
      batchSize: info.calls.length,
    } satisfies TrpcRequestContext;
  }
}
