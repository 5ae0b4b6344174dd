import { APICallError } from '@ai-sdk/provider';

/** The ways in which a call can be made to fail. What each does is told at `SandboxSettings.failWith`. */
export const failureKinds = [
  'rate-limit',
  'server-error',
  'overloaded',
  'unauthorized',
  'bad-request',
  'cut',
  'hang',
  'error-part',
  'content-filter',
] as const;

/** One of `failureKinds`. */
export type FailureKind = (typeof failureKinds)[number];

const url = 'sandbox://echo';

/** The failures that a real provider expresses as an HTTP status. */
type HttpFailureKind = Exclude<FailureKind, 'cut' | 'hang' | 'error-part' | 'content-filter'>;

const httpFailures: Record<HttpFailureKind, { status: number; type: string; message: string }> = {
  'rate-limit': {
    status: 429,
    type: 'rate_limit_error',
    message: 'Rate limit reached. Try again in 1 second.',
  },
  'server-error': { status: 500, type: 'server_error', message: 'The server had an error.' },
  overloaded: { status: 529, type: 'overloaded_error', message: 'Overloaded.' },
  unauthorized: { status: 401, type: 'authentication_error', message: 'Invalid API key.' },
  'bad-request': { status: 400, type: 'invalid_request_error', message: 'The request is not valid.' },
};

/**
 * The error that a call with this failure rejects with, or that its `error` part carries. Retryable by the
 * AI SDK's own rule (429 and 5xx); `rate-limit` has a `retry-after` header of one second.
 */
export function httpFailure(kind: HttpFailureKind): APICallError {
  const { status, type, message } = httpFailures[kind];
  return statusError(status, type, message, kind === 'rate-limit' ? { 'retry-after': '1' } : {});
}

/** A refusal of the request itself, status 400, not retryable. `message` says what to write instead. */
export function badRequest(message: string): APICallError {
  return statusError(400, 'invalid_request_error', message, {});
}

/** A connection that dies before the response begins, in the shape that the AI SDK gives to a failed `fetch`. */
export function connectionRefused(): APICallError {
  const cause = socketError();
  return new APICallError({
    message: `Cannot connect to API: ${cause.message}`,
    cause,
    url,
    requestBodyValues: {},
    isRetryable: true,
  });
}

/** A connection that dies while the body is read: what `fetch` errors the body with (undici's `terminated`). */
export function connectionLost(): TypeError {
  return new TypeError('terminated', { cause: socketError() });
}

/** What the `error-part` failure puts into its part: not an `Error`, since several real providers send none. */
export const errorPartPayload = {
  type: 'sandbox_error',
  message: 'The sandbox was asked for an error part.',
};

/**
 * The error of a whole `doGenerate` call for one that happened while its answer was read: a lost connection
 * becomes a retryable `APICallError` with the `TypeError` as cause, as with real providers, and the payload of
 * an error part a 500. Every other error is returned as it is.
 */
export function toCallError(error: unknown): unknown {
  if (error === errorPartPayload)
    return statusError(500, errorPartPayload.type, errorPartPayload.message, {});
  if (!(error instanceof TypeError && error.message === 'terminated')) return error;
  return new APICallError({
    message: 'Failed to process successful response',
    cause: error,
    url,
    requestBodyValues: {},
    statusCode: 200,
    isRetryable: true,
  });
}

// The request is left out of every error: it holds the prompt, and errors are logged.
function statusError(
  statusCode: number,
  type: string,
  message: string,
  responseHeaders: Record<string, string>,
): APICallError {
  const data = { error: { type, message } };
  return new APICallError({
    message,
    url,
    requestBodyValues: {},
    statusCode,
    responseHeaders,
    responseBody: JSON.stringify(data),
    data,
  });
}

function socketError(): Error {
  return Object.assign(new Error('other side closed'), { name: 'SocketError', code: 'UND_ERR_SOCKET' });
}
