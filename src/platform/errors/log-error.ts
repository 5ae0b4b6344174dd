import type { Logger } from '../logging';
import type { AppError, Fault } from './app-error';

const levels: Record<Fault, 'info' | 'warn' | 'error'> = { user: 'info', upstream: 'warn', ours: 'error' };

/** Logs an error at the level of its fault, with its cause where the fault is not the user's. */
export function logError(logger: Logger, error: AppError, context: Record<string, unknown>): void {
  const cause = error.fault === 'user' ? undefined : error.cause;
  logger[levels[error.fault]]({ ...context, code: error.code, err: cause }, error.message);
}
