export { AppError, errorCodes, notFound, type ErrorCode } from './app-error';
export { RestErrorFilter, restErrorBody, restStatus } from './rest-error.filter';
export { formatTrpcError, toTrpcError, trpcCode } from './trpc-errors';
export { toAppError } from './to-app-error';
export { logError } from './log-error';
