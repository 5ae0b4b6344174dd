import { TRPCError, type TRPC_ERROR_CODE_KEY, type TRPCDefaultErrorShape } from '@trpc/server';
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
    code: shape.code,
    message,
    data: {
      code: trpc,
      httpStatus,
      path,
      error: { code, message, ...(details === undefined ? {} : { details }), requestId },
    },
  };
}
