import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { v7 as uuidv7 } from 'uuid';
import { isAnswered, takeRest } from './early-answers';
import { securityHeaders } from './platform/browser';
import { AppError, restErrorBody, toAppError } from './platform/errors';

/** Answers what Fastify cannot route, such as an address that is wrongly encoded: no hook runs for it. */
export function refuseUnroutable(publicUrl: string | undefined) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    takeRest(request, reply);
    void reply
      .status(400)
      .headers({ ...securityHeaders(publicUrl), 'x-request-id': request.id })
      .send(restErrorBody(toAppError(Object.assign(error, { statusCode: 400 })), request.id));
  };
}

/** What Node says of a request that it does not read, and the status line that it is answered with. */
const statusLines: Partial<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** Whether an answer has begun on it: a second one in the middle of that would be read as its content. As Node itself asks. */
function isBeingAnswered(socket: Socket): boolean {
  const { _httpMessage: answer } = socket as Socket & { _httpMessage?: { headersSent: boolean } | null };
  return answer?.headersSent === true;
}

/**
 * Answers what is no HTTP, is longer than Node reads or comes too slowly: there is no request yet that could be answered in
 * the usual way.
 */
export function refuseUnreadable(publicUrl: string | undefined) {
  return (error: NodeJS.ErrnoException, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable || isBeingAnswered(socket) || isAnswered(socket))
      return void socket.destroy(error);
    const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
    const refusal = new AppError(
      'VALIDATION_FAILED',
      isLate
        ? 'The request took too long to arrive. Send it again.'
        : 'The request cannot be read: check its length and headers.',
    );
    const id = uuidv7();
    const body = JSON.stringify(restErrorBody(refusal, id));
    const headers = {
      ...securityHeaders(publicUrl),
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      'x-request-id': id,
      connection: 'close',
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    const status = statusLines[error.code ?? ''] ?? '400 Bad Request';
    socket.end([`HTTP/1.1 ${status}`, ...lines, '', body].join('\r\n'));
  };
}
