import { Client } from 'pg';

/** Counts what goes to the database: each query of a `pg` client whose text is `of` this kind. Call `stop` when done. */
export function countQueries(of = /^/): { readonly count: number; stop(): void } {
  const prototype = Client.prototype as { query: (...args: unknown[]) => unknown }; // its overloads do not matter here
  const { query } = prototype;
  let count = 0;
  prototype.query = function counted(this: unknown, ...args: unknown[]) {
    if (of.test(textOf(args[0]))) count += 1;
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

/** A query is its text, or an object that has it. */
function textOf(query: unknown): string {
  if (typeof query === 'string') return query;
  return typeof query === 'object' && query !== null && 'text' in query ? String(query.text) : '';
}
