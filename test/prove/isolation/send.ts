import type { Answer, Client } from '../../support/client';
import type { Input } from './slots';

/** A door, and what to send through it. */
export interface Call {
  door: string;
  input: Input;
}

type Fields = Record<string, Input>;

/** Makes a call as a client would, and reads the whole answer, a stream to its end. */
export function send(client: Client, { door, input }: Call): Promise<Answer> {
  const [kind = '', path = ''] = door.split(' ');
  if (kind === 'mutation') return client.mutate(path, input);
  if (kind === 'query' || kind === 'subscription') return client.query(path, input);
  const { url, rest } = fillPath(path, toFields(input));
  if (kind !== 'GET') return client.call(kind, url, kind === 'DELETE' && isEmpty(rest) ? undefined : rest);
  const query = new URLSearchParams(
    Object.entries(rest).map(([name, value]): [string, string] => [name, String(value)]),
  );
  return client.get(isEmpty(rest) ? url : `${url}?${query.toString()}`);
}

/** Whether a door may change anything. */
export function writes(door: string): boolean {
  return !/^(GET|query) /.test(door);
}

function fillPath(path: string, fields: Fields): { url: string; rest: Fields } {
  const rest = { ...fields };
  const url = path.replace(/:(\w+)/g, (_, name: string) => {
    const value = rest[name];
    delete rest[name];
    return encodeURIComponent(String(value));
  });
  return { url, rest };
}

function toFields(input: Input): Fields {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new Error('An input is an object.');
  return input;
}

function isEmpty(fields: Fields): boolean {
  return Object.keys(fields).length === 0;
}
