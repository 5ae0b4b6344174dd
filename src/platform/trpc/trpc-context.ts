import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { ContextOptions, TRPCContext } from 'nestjs-trpc';

/** What every tRPC call starts with; the permission middleware adds the caller. */
export interface TrpcRequestContext {
  request: FastifyRequest;
  requestId: string;
}

@Injectable()
export class TrpcContext implements TRPCContext {
  create({ req }: ContextOptions): Record<string, unknown> {
    const request = req as FastifyRequest; // the application runs on the Fastify adapter only
    return { request, requestId: request.id } satisfies TrpcRequestContext;
  }
}
