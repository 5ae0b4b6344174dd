import type { FastifyRequest } from 'fastify';

const listeners = new WeakMap<FastifyRequest, () => void>();

/** `letGo` is called once nothing holds what the client sent: see {@link forgetRequest} and {@link requestAnswered}. */
export function whenForgotten(request: FastifyRequest, letGo: () => void): void {
  listeners.set(request, letGo);
}

/**
 * Lets go of what a client sent, where its answer takes long: Fastify and Nest hold it until the answer has ended, and a
 * message with files is 27 MB. `dto` is the body as its door read it. Both are empty from then on.
 */
export function forgetRequest(request: FastifyRequest, dto: object): void {
  request.body = undefined;
  for (const name of Object.keys(dto)) Reflect.deleteProperty(dto, name);
  requestAnswered(request);
}

/** A request has an answer, or will have none: what it sent is of no more use. */
export function requestAnswered(request: FastifyRequest): void {
  listeners.get(request)?.();
  listeners.delete(request);
}
