import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Connections whose request is still arriving and has had its answer. */
const answered = new WeakSet<Socket>();

/**
 * Sees an answer through that is given before its request is there: of a route that is none, say, or of a body that is too
 * large. Who is still sending reads the answer when all is sent, and would only hear of a connection that closes before:
 * the rest is taken and thrown away, for as long as any request may take. Call it before the headers are sent.
 */
export function takeRest({ raw: request }: FastifyRequest, reply: FastifyReply): void {
  const { raw: response } = reply;
  const { socket } = request;
  const isLast = !response.shouldKeepAlive; // the client says so, or speaks HTTP/1.0
  void reply.removeHeader('connection'); // Fastify closes after a body that is too large
  if (isLast) {
    response.shouldKeepAlive = true; // Node would close with the answer
    response.removeHeader('connection'); // nor say that it stays open
  }
  const finish = () => {
    answered.delete(socket);
    if (isLast) socket.destroySoon();
  };
  response.once('finish', () => {
    if (request.complete) return finish();
    answered.add(socket);
    request.once('end', finish).resume();
  });
}

/** Whether what arrives on a connection is the rest of a request that has had its answer: it gets no second one. */
export function isAnswered(socket: Socket): boolean {
  return answered.has(socket);
}
