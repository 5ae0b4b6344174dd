import type { Socket } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { v7 as uuidv7 } from 'uuid';
import { AppModule } from './app.module';
import { serveDocs } from './docs';
import { toRequestOrigin } from './identity';
import type { Env } from './platform/env';
import { AppError, restErrorBody, toAppError } from './platform/errors';
import { Lifecycle } from './platform/lifecycle';
import { NestLogger, type Logger } from './platform/logging';

const bodyLimitBytes = 2 * 1024 * 1024;

/** Builds the application, connected and migrated, not listening yet. The server, the tests and the tools use this one. */
export async function createApp(env: Env, logger: Logger): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: bodyLimitBytes,
    forceCloseConnections: true,
    genReqId: () => uuidv7(), // ours alone: a caller must not choose what logs and the audit log say
    // tRPC's batches name their procedures in the path; this is the length that its documentation gives.
    routerOptions: { maxParamLength: 5_000 },
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      void reply
        .status(400)
        .header('x-request-id', request.id)
        .send(restErrorBody(toAppError(Object.assign(error, { statusCode: 400 })), request.id));
    },
    clientErrorHandler: refuseUnreadable,
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.register(env, logger), adapter, {
    logger: new NestLogger(logger),
    abortOnError: false,
    bufferLogs: false,
    bodyParser: false,
  });
  const fastify = adapter.getInstance();
  // JSON only: a page of another origin can send texts and forms without asking, JSON it cannot.
  fastify.removeContentTypeParser('text/plain');
  fastify.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff');
    const url = request.routeOptions.url ?? request.url; // the route's own spelling: a client may percent-encode any letter
    if (url.startsWith('/api/') || url.startsWith('/trpc/')) {
      void reply.header('cache-control', 'no-store');
      app.get(Lifecycle).assertTakesWork();
    }
    if (url.startsWith('/trpc/')) assertJson(request);
  });
  fastify.addHook('onResponse', async (request, reply) => {
    logger.info(
      {
        requestId: request.id,
        clientRequestId: toRequestOrigin(request).clientId,
        method: request.method,
        url: request.routeOptions.url,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      'request',
    );
  });
  serveDocs(app);
  try {
    await app.init();
    await fastify.ready();
    return app;
  } catch (error) {
    await app.close().catch(() => undefined); // the first error is the one to report; the directory must not stay locked
    throw error;
  }
}

/** What is no HTTP, or longer than Node reads: there is no request yet that could be answered in the usual way. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy(error);
  const refusal = new AppError(
    'VALIDATION_FAILED',
    'The request cannot be read: check its length and headers.',
  );
  const [id, tooLong] = [uuidv7(), error.code === 'HPE_HEADER_OVERFLOW'];
  const body = JSON.stringify(restErrorBody(refusal, id));
  socket.end(
    [
      `HTTP/1.1 ${tooLong ? '431 Request Header Fields Too Large' : '400 Bad Request'}`,
      'content-type: application/json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${id}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

/** tRPC would take forms as well, and refuse the rest before it knows the request: in an answer without its id. */
function assertJson({ method, headers }: FastifyRequest): void {
  if (method === 'GET' || method === 'HEAD' || headers['content-type']?.startsWith('application/json'))
    return;
  throw new AppError(
    'VALIDATION_FAILED',
    'Send a query as GET, anything else as POST with application/json.',
  );
}
