import { TRPCError, type TRPC_ERROR_CODE_KEY, type TRPCDefaultErrorShape } from '@trpc/server';
import { TRPC_ERROR_CODES_BY_KEY, type TRPC_ERROR_CODE_NUMBER } from '@trpc/server/rpc';
import type { ErrorCode } from './app-error';
import { toAppError } from './to-app-error';

/** tRPC code of each of ours. */
const trpcCode: Record<ErrorCode, TRPC_ERROR_CODE_KEY> = {
  VALIDATION_FAILED: 'BAD_REQUEST',
  UNAUTHENTICATED: 'UNAUTHORIZED',
  FORBIDDEN: 'FORBIDDEN',
  NOT_FOUND: 'NOT_FOUND',
  CONFLICT: 'CONFLICT',
  MODEL_NOT_AVAILABLE: 'CONFLICT',
  NO_DEFAULT_MODEL: 'CONFLICT',
  TOKEN_MISSING: 'CONFLICT',
  TOKEN_UNREADABLE: 'INTERNAL_SERVER_ERROR',
  AGENT_LOCKED: 'CONFLICT',
  BUDGET_EXCEEDED: 'FORBIDDEN',
  RATE_LIMITED: 'TOO_MANY_REQUESTS',
  EGRESS_REFUSED: 'BAD_REQUEST',
  PROVIDER_FAILED: 'INTERNAL_SERVER_ERROR',
  SHUTTING_DOWN: 'INTERNAL_SERVER_ERROR',
  INTERNAL: 'INTERNAL_SERVER_ERROR',
};

/** The one place where an error becomes a tRPC error. */
export function toTrpcError(thrown: unknown): TRPCError {
  const error = toAppError(thrown);
  return new TRPCError({ code: trpcCode[error.code], message: error.message, cause: error });
}

interface FormatterOptions {
  error: TRPCError;
  shape: TRPCDefaultErrorShape;
  ctx: unknown;
}

/** What a tRPC client gets: tRPC's shape, with `data.error` the same object that REST answers. Never a stack. */
export function formatTrpcError({ error, shape, ctx }: FormatterOptions) {
  const { code, message, details } = toAppError(error);
  const { code: trpc, httpStatus, path } = shape.data;
  const requestId = typeof ctx === 'object' && ctx !== null && 'requestId' in ctx ? ctx.requestId : undefined;
  return {
    code: code === 'SHUTTING_DOWN' ? shape.code : withoutRetry(shape.code),
    message,
    data: {
      code: trpc,
      httpStatus,
      path,
      error: { code, message, ...(details === undefined ? {} : { details }), requestId },
    },
  };
}

/** JSON-RPC leaves -32000 to -32099 to each server (specification 2.0, section 5.1). */
const serverError = -32_000 as TRPC_ERROR_CODE_NUMBER; // the type holds tRPC's own numbers only

/**
 * tRPC's client subscribes again by itself when it reads the number of INTERNAL_SERVER_ERROR, and sends the input again:
 * a message whose models failed would be asked over and over. Only a restarting server is worth that.
 */
function withoutRetry(code: TRPC_ERROR_CODE_NUMBER): TRPC_ERROR_CODE_NUMBER {
  return code === TRPC_ERROR_CODES_BY_KEY.INTERNAL_SERVER_ERROR ? serverError : code;
}
