import { HttpException } from '@nestjs/common';
import { TRPCError } from '@trpc/server';
import { AppError } from './app-error';
import { sqlStateOf } from './sql-state';

/** Text of every answer for which we are to blame. The cause is logged, never sent. */
const internalMessage = 'Something went wrong on our side. It is logged under the request id; try again.';

/** Turns whatever was thrown into a value of the closed list. What is not known becomes `INTERNAL` with its cause. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof TRPCError) return fromTrpc(thrown);
  const status = statusOf(thrown);
  if (status === 404)
    return new AppError('NOT_FOUND', 'There is nothing at this address. See /docs.', { cause: thrown });
  if (status === 401) return new AppError('UNAUTHENTICATED', 'Sign in first.', { cause: thrown });
  if (status === 403) return new AppError('FORBIDDEN', 'This is not allowed.', { cause: thrown });
  if (status === 429)
    return new AppError('RATE_LIMITED', 'Too many requests. Wait and try again.', { cause: thrown });
  if (status !== undefined && status >= 400 && status < 500) {
    return new AppError('VALIDATION_FAILED', requestMessage(thrown), { cause: thrown });
  }
  return fromDatabase(thrown) ?? new AppError('INTERNAL', internalMessage, { cause: thrown });
}

/** SQLSTATEs of values that no column of their type can hold: not a UUID, NUL in a text, a number or time out of range. */
const unstorable = ['22P02', '22021', '22P05', '22003', '22007', '22008'];

/** Seconds after which what was in the way has ended, or was ended: see `time-limits.ts` of the database. */
const retryAfterSeconds = 5;

/**
 * What a check before the statement could not see: two writers at the same moment (SQLSTATE class 23), a value of the
 * wrong form, a lock or a database that took too long.
 */
function fromDatabase(thrown: unknown): AppError | undefined {
  const state = sqlStateOf(thrown);
  if (state === '55P03')
    return new AppError(
      'CONFLICT',
      'Somebody else has been changing the same for several seconds, and nothing was changed here. Try again in a moment.',
      { cause: thrown, retryAfterSeconds },
    );
  if (state === '57014')
    return new AppError('SHUTTING_DOWN', 'The database takes too long to answer. Try again in a moment.', {
      cause: thrown,
      retryAfterSeconds,
    });
  if (state === '23505')
    return new AppError(
      'CONFLICT',
      'It was made by somebody else at the same moment. Read again and retry.',
      { cause: thrown },
    );
  if (state === '23503')
    return new AppError('CONFLICT', 'What it belongs to was removed at the same moment. Read again.', {
      cause: thrown,
    });
  if (state !== undefined && unstorable.includes(state))
    return new AppError(
      'VALIDATION_FAILED',
      'An id or a text has a form that cannot be stored. Check for malformed ids and NUL.',
      {
        cause: thrown,
      },
    );
  return undefined;
}

function fromTrpc(error: TRPCError): AppError {
  if (error.cause instanceof AppError) return error.cause;
  switch (error.code) {
    case 'NOT_FOUND':
      return new AppError('NOT_FOUND', 'There is no such procedure.', { cause: error });
    case 'PARSE_ERROR':
    case 'BAD_REQUEST':
    case 'METHOD_NOT_SUPPORTED':
    case 'UNSUPPORTED_MEDIA_TYPE':
    case 'PAYLOAD_TOO_LARGE':
    case 'UNPROCESSABLE_CONTENT':
      return new AppError('VALIDATION_FAILED', 'The request cannot be read: check method, input and JSON.', {
        cause: error,
      });
    default:
      return error.cause
        ? toAppError(error.cause)
        : new AppError('INTERNAL', internalMessage, { cause: error });
  }
}

/** Nest's exceptions and Fastify's errors both carry a status. */
function statusOf(thrown: unknown): number | undefined {
  if (thrown instanceof HttpException) return thrown.getStatus();
  // No instanceof: an error of Node itself, such as that of a request which was cut, may come from another realm.
  if (typeof thrown !== 'object' || thrown === null || !('statusCode' in thrown)) return undefined;
  return typeof thrown.statusCode === 'number' ? thrown.statusCode : undefined;
}

/** By status, since Nest keeps no more of Fastify's errors; their own text may hold a piece of the body. */
function requestMessage(thrown: unknown): string {
  if (statusOf(thrown) === 413) return 'The body is too large.';
  if (statusOf(thrown) === 415) return 'Send the body as application/json.';
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : '';
  if (code === 'FST_ERR_BAD_URL' || code === 'FST_ERR_MAX_PARAM_LENGTH')
    return 'The address cannot be read: check its length and percent-encoding.';
  return 'The request cannot be read: check that the body is valid JSON; one without a body needs no content type.';
}
