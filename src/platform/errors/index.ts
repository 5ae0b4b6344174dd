export { AppError, notFound, type ErrorCode } from './app-error';
export { RestErrorFilter, restErrorBody } from './rest-error.filter';
export { formatTrpcError, toTrpcError } from './trpc-errors';
export { sqlStateOf } from './sql-state';
export { toAppError } from './to-app-error';
export { logError } from './log-error';
