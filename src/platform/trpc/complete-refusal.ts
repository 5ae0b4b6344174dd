import type { FastifyRequest } from 'fastify';
import type { formatTrpcError } from '../errors';

/**
 * What tRPC refuses as a whole (calls of several kinds in one batch, say) it refuses before it knows the request: the
 * answer has no request id, and goes out as text. Gives the answer with both put right, anything else as it is.
 */
export async function completeRefusal({ id }: FastifyRequest, payload: unknown): Promise<unknown> {
  if (!(payload instanceof Response) || payload.ok) return payload;
  const headers = new Headers(payload.headers);
  if (headers.get('content-type')?.startsWith('application/json')) return payload;
  const body: { error: ReturnType<typeof formatTrpcError> } = JSON.parse(await payload.text());
  body.error.data.error.requestId = id;
  headers.set('content-type', 'application/json');
  return new Response(JSON.stringify(body), { status: payload.status, headers });
}
