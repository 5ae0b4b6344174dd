import type { IncomingMessage } from 'node:http';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { v7 as uuidv7 } from 'uuid';
import { AppModule } from './app.module';
import { serveDocs } from './docs';
import type { Env } from './platform/env';
import { restErrorBody, toAppError } from './platform/errors';
import { Lifecycle } from './platform/lifecycle';
import { NestLogger, type Logger } from './platform/logging';

const bodyLimitBytes = 2 * 1024 * 1024;

/** Builds the application, connected and migrated, not listening yet. The server, the tests and the tools use this one. */
export async function createApp(env: Env, logger: Logger): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: bodyLimitBytes,
    forceCloseConnections: true,
    genReqId: ({ headers }: IncomingMessage) => acceptRequestId(headers['x-request-id']) ?? uuidv7(),
    routerOptions: { maxParamLength: 500 },
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      void reply
        .status(400)
        .send(restErrorBody(toAppError(Object.assign(error, { statusCode: 400 })), request.id));
    },
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.register(env, logger), adapter, {
    logger: new NestLogger(logger),
    abortOnError: false,
    bufferLogs: false,
  });
  const fastify = adapter.getInstance();
  fastify.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff');
    if (request.url.startsWith('/api/') || request.url.startsWith('/trpc/')) {
      void reply.header('cache-control', 'no-store');
      app.get(Lifecycle).assertTakesWork();
    }
  });
  fastify.addHook('onResponse', async (request, reply) => {
    logger.info(
      {
        requestId: request.id,
        method: request.method,
        url: request.routeOptions.url,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      'request',
    );
  });
  await serveDocs(app);
  await app.init();
  await fastify.ready();
  return app;
}

/** A caller's own request id, if it is harmless to log and to send back. */
function acceptRequestId(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && /^[\w-]{8,64}$/.test(header) ? header : undefined;
}
