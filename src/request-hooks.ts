import type { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { takeRest } from './early-answers';
import { RouteAdmission } from './identity';
import { LongBodies } from './long-bodies';
import { assertOwnPage, listAcceptedOrigins, securityHeaders } from './platform/browser';
import type { Env } from './platform/env';
import { AppError } from './platform/errors';
import { assertBoundedJson, dropWhenSlow, isLongUnpaced, requestAnswered } from './platform/http';
import { Lifecycle } from './platform/lifecycle';
import type { Logger } from './platform/logging';
import { Metrics } from './platform/metrics';
import { completeRefusal } from './platform/trpc';
import { createRequestLog } from './request-log';

/** In base64, 20 MiB of files are 27. */
const bodyLimitWithFiles = 32 * 1024 * 1024;
const routesWithFiles = new Set(['/api/v1/chat', '/api/v1/chat/sessions/:sessionId/messages']);
const maxHeaders = 100;
/** In bytes. The largest that anything under `/api/auth` takes is a picture of 100,000 characters. */
const authBodyLimit = 256 * 1024;

/** What holds for every request, whatever it asks for: headers of the answer, limits of the input, and whose page it comes from. */
export function addRequestHooks(app: NestFastifyApplication, env: Env, logger: Logger): void {
  const adapter = app.getHttpAdapter() as FastifyAdapter; // the application runs on this one only
  const fastify = adapter.getInstance();
  const headers = securityHeaders(env.publicUrl);
  const acceptedOrigins = new Set(listAcceptedOrigins(env));
  const longBodies = new LongBodies();
  const logRequest = createRequestLog(app.get(Metrics), logger);
  // Nest's own hook for this, since it runs before that of CORS, which answers preflights.
  adapter.setOnRequestHook((request: FastifyRequest, reply, done) => {
    logRequest(request, reply);
    void reply.headers({ ...headers, 'x-request-id': request.id });
    done();
  });
  fastify.addHook('onRequest', async (request, reply) => {
    assertFewHeaders(request);
    assertHost(request);
    const url = request.routeOptions.url ?? request.url; // the route's own spelling: a client may percent-encode any letter
    if (!url.startsWith('/api/') && !url.startsWith('/trpc/')) return;
    void reply.header('cache-control', 'no-store');
    app.get(Lifecycle).assertTakesWork();
    if (!url.startsWith('/api/auth/')) assertOwnPage(request, acceptedOrigins);
    if (url.startsWith('/trpc/')) assertJson(request);
    if (!hasFiles(request.method, url)) return;
    await app.get(RouteAdmission).admitBeforeBody(request);
    await longBodies.admit(request, reply, bodyLimitWithFiles);
  });
  // Messages hold files; what else clients send is short.
  fastify.addHook('onRoute', (route) => {
    if (route.url.startsWith('/api/auth/')) route.bodyLimit = authBodyLimit;
    if (hasFiles(route.method, route.url)) route.bodyLimit = bodyLimitWithFiles;
  });
  boundJson(fastify);
  fastify.addHook('onSend', async (request, reply, payload) => {
    requestAnswered(request);
    if (!request.raw.complete) takeRest(request, reply);
    if (isLongUnpaced(payload)) dropWhenSlow(reply.raw);
    return request.routeOptions.url?.startsWith('/trpc/') ? completeRefusal(request, payload) : payload;
  });
}

/** Whether the bodies of a route may be so long that its caller is asked for first. */
function hasFiles(method: string | string[], url: string): boolean {
  return method === 'POST' && routesWithFiles.has(url);
}

/** Every JSON text that a client sends: bodies of REST and `/api/auth`, and tRPC's, which parses bodies and inputs itself. */
function boundJson(fastify: FastifyInstance): void {
  // JSON only: a page of another origin can send texts and forms without asking, JSON it cannot.
  fastify.removeContentTypeParser(['text/plain', 'application/json']);
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = String(body);
    try {
      assertBoundedJson(text);
    } catch (error) {
      done(error as Error); // nothing else is thrown there
      return;
    }
    parse(request, text, done);
  });
  fastify.addHook<{ Querystring: Record<string, unknown> }>('preValidation', async (request) => {
    if (!request.routeOptions.url?.startsWith('/trpc/')) return;
    const { body, query } = request;
    for (const text of [body, query.input].flat()) if (typeof text === 'string') assertBoundedJson(text);
  });
}

/** Node would leave out what is too many: perhaps the one that says who is calling. */
function assertFewHeaders({ raw }: FastifyRequest): void {
  if (raw.rawHeaders.length / 2 <= maxHeaders) return;
  throw new AppError('VALIDATION_FAILED', `The request has more than ${maxHeaders} headers. Send fewer.`);
}

/** Node's own refusal has no body, and is switched off. */
function assertHost({ raw, headers }: FastifyRequest): void {
  if (raw.httpVersion !== '1.1' || headers.host) return;
  throw new AppError('VALIDATION_FAILED', 'Send a Host header.');
}

/** tRPC would take forms as well, fail at TRACE, and refuse the rest before it knows the request: in an answer without its id. */
function assertJson({ method, headers }: FastifyRequest): void {
  if (method === 'GET' || method === 'HEAD') return;
  if (method === 'POST' && headers['content-type']?.startsWith('application/json')) return;
  throw new AppError(
    'VALIDATION_FAILED',
    'Send a query as GET, anything else as POST with application/json.',
  );
}
