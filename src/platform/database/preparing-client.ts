import type { Duplex } from 'node:stream';
import { Client, type QueryConfig } from 'pg';

const maxPrepared = 500;
const names = new Map<string, string>();

/**
 * A `pg` client that prepares each parameterised statement once a connection and names it, so that the database need
 * not parse and plan it again: on the embedded one that takes about half of a statement's time.
 *
 * Not prepared: statements with a `*`, whose columns may change under a running replica while a newer one migrates
 * ("cached plan must not change result type"), and whatever comes after the first 500 texts, so that a statement with a
 * list of varying length cannot fill the database's memory.
 */
export class PreparingClient extends Client {
  /** Hands everything that `send` sends to the socket at once, for one wake-up of the database instead of many. */
  together<T>(send: () => T): T {
    const { stream } = (this as unknown as { connection: { stream: Duplex } }).connection; // as pg-cursor reaches it
    stream.cork();
    try {
      return send();
    } finally {
      stream.uncork();
    }
  }

  // The overloads of `query` are those of Client; arguments other than text with values pass through untouched.
  override query: Client['query'] = ((text: unknown, values?: unknown, ...rest: unknown[]) => {
    const send = super.query.bind(this) as (...args: unknown[]) => unknown;
    if (typeof text !== 'string' || !Array.isArray(values) || values.length === 0)
      return send(text, values, ...rest);
    return send(prepared(text, values), ...rest);
  }) as Client['query'];
}

function prepared(text: string, values: unknown[]): QueryConfig {
  const name = nameOf(text);
  return name === undefined ? { text, values } : { name, text, values };
}

function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= maxPrepared || text.includes('*')) return known;
  const name = `ais_${names.size}`;
  names.set(text, name);
  return name;
}
