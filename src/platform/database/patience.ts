const delaysMs = [100, 500, 2_000, 5_000];

/**
 * Writes down how something ended that cannot be done again: a database that is away for a moment must not lose it.
 * Tries for about eight seconds, then rejects with the last failure. `write` must bear being run twice.
 */
export async function writeWithPatience<T>(write: () => Promise<T>): Promise<T> {
  for (const delay of delaysMs) {
    try {
      return await write();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }
  return write();
}
