import { HttpException } from '@nestjs/common';
import { TRPCError } from '@trpc/server';
import { QueryFailedError } from 'typeorm';
import { AppError } from './app-error';

/** Text of every answer for which we are to blame. The cause is logged, never sent. */
export const internalMessage =
  'Something went wrong on our side. It is logged under the request id; try again.';

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

/** Two writers at the same moment: what a check before the write could not see (SQLSTATE class 23). */
function fromDatabase(thrown: unknown): AppError | undefined {
  if (!(thrown instanceof QueryFailedError)) return undefined;
  const { driverError } = thrown;
  const state = 'code' in driverError ? driverError.code : undefined;
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
  if (thrown instanceof Error && 'statusCode' in thrown && typeof thrown.statusCode === 'number')
    return thrown.statusCode;
  return undefined;
}

/** Fastify's codes for bodies that it could not take; its own message may hold a piece of the body. */
function requestMessage(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return 'The body is too large.';
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return 'Send the body as application/json.';
  if (code === 'FST_ERR_CTP_EMPTY_JSON_BODY')
    return 'The body is empty; send a JSON object or no content type.';
  return 'The request cannot be read: check that the body is valid JSON.';
}
