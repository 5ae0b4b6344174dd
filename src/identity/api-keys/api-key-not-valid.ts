import { AppError } from '../../platform/errors';

/** One text for a key that never was, is wrong, has expired or was revoked: they must not be told apart. */
export function apiKeyNotValid(): AppError {
  return new AppError('UNAUTHENTICATED', 'The API key is not valid, has expired or was revoked.');
}
