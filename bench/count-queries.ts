import { createRequire } from 'node:module';

const { Client } = createRequire(import.meta.url)('pg') as typeof import('pg');

/** Counts what goes to the database: each query of a `pg` client. Call `stop` when done. */
export function countQueries(): { readonly count: number; stop(): void } {
  const prototype = Client.prototype as { query: (...args: unknown[]) => unknown }; // its overloads do not matter here
  const { query } = prototype;
  let count = 0;
  prototype.query = function counted(this: unknown, ...args: unknown[]) {
    count += 1;
    return query.apply(this, args);
  };
  return {
    get count() {
      return count;
    },
    stop: () => {
      prototype.query = query;
    },
  };
}
