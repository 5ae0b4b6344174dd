import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { v7 as uuidv7 } from 'uuid';
import { AppModule, type AppParts } from './app.module';
import { CutAnswerLog } from './cut-answers';
import { serveDocs } from './docs';
import type { Env } from './platform/env';
import { NestLogger, type Logger } from './platform/logging';
import { addRequestHooks } from './request-hooks';
import { refuseUnreadable, refuseUnroutable } from './unreadable-requests';

const bodyLimitBytes = 2 * 1024 * 1024;

/**
 * How long a client may take to send its request, in milliseconds: its headers, and all of it. How long an answer takes is
 * not limited (`connectionTimeout` would be), since answers of models stream for minutes.
 */
const timeouts = {
  requestTimeout: 60_000,
  keepAliveTimeout: 72_000, // longer than the 60 seconds of most proxies, so that it is they who hang up
  http: {
    headersTimeout: 15_000,
    connectionsCheckingInterval: 1_000,
    requireHostHeader: false, // Node's own refusal has no body
  },
};

const cors = {
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowedHeaders: [
    'authorization',
    'content-type',
    'idempotency-key',
    'last-event-id',
    'x-request-id',
    'x-team-id',
  ],
  exposedHeaders: [
    'idempotency-replayed',
    'ratelimit',
    'ratelimit-policy',
    'retry-after',
    'set-auth-token',
    'x-message-id',
    'x-request-id',
  ],
  maxAge: 600,
};

/** Builds the application, connected and migrated, not listening yet. The server, the tests and the tools use this one. */
export async function createApp(
  env: Env,
  logger: Logger,
  parts: AppParts = {},
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: bodyLimitBytes,
    forceCloseConnections: true,
    genReqId: () => uuidv7(), // ours alone: a caller must not choose what logs and the audit log say
    // tRPC's batches name their procedures in the path; this is the length that its documentation gives.
    routerOptions: { maxParamLength: 5_000 },
    frameworkErrors: refuseUnroutable(env.publicUrl),
    clientErrorHandler: refuseUnreadable(env.publicUrl),
    logController: new CutAnswerLog(logger),
    trustProxy: env.trustedProxies.length > 0 && env.trustedProxies,
    ...timeouts,
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.register(env, logger, parts),
    adapter,
    {
      logger: new NestLogger(logger),
      abortOnError: false,
      bufferLogs: false,
      bodyParser: false,
    },
  );
  // A preflight is answered here, whoever asks; only to a named origin does the answer name it, and its page may go on.
  if (env.corsOrigins.length > 0) app.enableCors({ origin: env.corsOrigins, credentials: true, ...cors });
  addRequestHooks(app, env, logger);
  // Node answers an expectation that it does not know with an empty 417; as it may, this server ignores it.
  const server = app.getHttpServer();
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  serveDocs(app);
  try {
    await app.init();
    await adapter.getInstance().ready();
    return app;
  } catch (error) {
    await app.close().catch(() => undefined); // the first error is the one to report; the directory must not stay locked
    throw error;
  }
}
