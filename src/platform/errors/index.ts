export { AppError, errorCodes, notFound, type ErrorCode } from './app-error';
export { errorMeanings } from './error-meanings';
export { isPrematureClose } from './premature-close';
export { RestErrorFilter, restErrorBody } from './rest-error.filter';
export { restStatus } from './rest-status';
export { formatTrpcError, toTrpcError } from './trpc-errors';
export { sqlStateOf } from './sql-state';
export { toAppError } from './to-app-error';
export { logError } from './log-error';
