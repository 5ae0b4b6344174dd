import { sqlStateOf } from '../errors';

const delaysMs = [100, 500, 2_000, 5_000];

/**
 * Writes down how something ended that cannot be done again: a database that is away for a moment must not lose it.
 * Tries for about eight seconds, then rejects with the last failure; at once for a statement that can never pass. `write` must bear being run twice.
 */
export async function writeWithPatience<T>(write: () => Promise<T>): Promise<T> {
  for (const delay of delaysMs) {
    try {
      return await write();
    } catch (error) {
      if (isOurFault(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }
  return write();
}

/** SQLSTATE classes 22 (bad data), 23 (constraint) and 42 (syntax, rights): trying again changes nothing. */
function isOurFault(error: unknown): boolean {
  return /^(22|23|42)/.test(sqlStateOf(error) ?? '');
}
