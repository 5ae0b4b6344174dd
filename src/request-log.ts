import type { FastifyReply, FastifyRequest } from 'fastify';
import { toRequestOrigin } from './identity';
import type { Logger } from './platform/logging';
import type { Metrics } from './platform/metrics';

/**
 * Gives what is called when a request comes in: once its answer is over, the request is logged and timed. An answer is cut
 * where its connection ended first, since the client went or was dropped; it has a status only if it had begun.
 */
export function createRequestLog(
  metrics: Metrics,
  logger: Logger,
): (request: FastifyRequest, reply: FastifyReply) => void {
  const time = metrics.timer(
    'ai_studio_http_request_seconds',
    'From a request to the end of its answer, streams included; by the pattern of its route.',
    ['method', 'route', 'status'],
  );
  const tell = (request: FastifyRequest, { raw, elapsedTime }: FastifyReply): void => {
    const { method, routeOptions } = request;
    const isCut = !raw.writableFinished;
    const status = isCut ? 'cut' : `${Math.floor(raw.statusCode / 100)}xx`;
    time({ method, route: routeOptions.url ?? 'none', status }, elapsedTime / 1000);
    logger.info(
      {
        requestId: request.id,
        clientRequestId: toRequestOrigin(request).clientId,
        method,
        url: routeOptions.url,
        status: raw.headersSent ? raw.statusCode : undefined,
        ms: Math.round(elapsedTime),
        cut: isCut || undefined,
      },
      'request',
    );
  };
  // Node says so of each answer, once; Fastify's onResponse is for those alone that went out.
  return (request, reply) => void reply.raw.once('close', () => tell(request, reply));
}
