import type { Door } from './doors';
import { toJsonBytes } from './odd-values';
import type { Sender } from './world';

/** Text of a path or query that is percent-encoded already, or wrongly so. */
export class RawText {
  constructor(readonly text: string) {}
}

/** A request before it becomes bytes. Texts are bytes, one a character (latin1), and may hold `~names~` of the world. */
export interface Draft {
  door: Door;
  sender: Sender;
  /** What is wrong with it; empty where nothing should be. */
  fault: string;
  method: string;
  target: string;
  headers: [name: string, value: string][];
  body?: Buffer;
  /** Instead of all the above. */
  bytes?: Buffer;
  /** It promises more than it sends: the connection has to be closed for an answer, if there is one. */
  unfinished?: boolean;
}

/** What a door takes, as {@link Door.input} describes it. */
export interface Input {
  params?: Record<string, unknown>;
  query?: Record<string, unknown>;
  body?: unknown;
}

/** The request that a client would make of an input. `repeatKey`: that field of the body comes twice. */
export function toDraft(door: Door, sender: Sender, input: Input, fault = '', repeatKey?: string): Draft {
  const path = door.path.replace(/\{(\w+)\}/g, (_, name: string) => toText(input.params?.[name]));
  const body = input.body === undefined ? undefined : toJsonBytes(input.body, repeatKey);
  const draft = { door, sender, fault, method: door.method, headers: [] };
  if (door.kind === 'trpc' && door.method === 'GET')
    return { ...draft, target: body ? `${path}?input=${percentEncoded(body)}` : path };
  const target = `${path}${toQuery(input.query ?? {})}`;
  if (door.method === 'GET' || !body) return { ...draft, target };
  return { ...draft, target, headers: [['content-type', 'application/json']], body };
}

function toQuery(query: Record<string, unknown>): string {
  const pairs = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name === '' ? '' : toText(name)}=${toText(value)}`);
  return pairs.length > 0 ? `?${pairs.join('&')}` : '';
}

function toText(value: unknown): string {
  if (value instanceof RawText) return value.text;
  return encodeURIComponent(String(typeof value === 'object' ? JSON.stringify(value) : value).toWellFormed());
}

/** Percent-encodes what may not stand in a query as it is; bytes that are no UTF-8 too. */
export function percentEncoded(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[^\w.~-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

/** The bytes on the wire. `fill` puts ids into the place of names. */
export function toBytes(
  { method, target, headers, body, bytes }: Draft,
  credentials: Record<string, string>,
  fill: (text: string) => string,
): Buffer {
  if (bytes) return Buffer.from(fill(bytes.toString('latin1')), 'latin1');
  const filled =
    body && (body.length < 100_000 ? Buffer.from(fill(body.toString('latin1')), 'latin1') : body);
  const named = new Set(headers.map(([name]) => name.toLowerCase()));
  const usual = Object.entries({ host: 'localhost', connection: 'close', ...credentials });
  const framing: [string, string][] =
    filled && !named.has('content-length') && !named.has('transfer-encoding')
      ? [['content-length', String(filled.length)]]
      : [];
  const lines = [...usual.filter(([name]) => !named.has(name)), ...headers, ...framing]
    .filter(([, value]) => value !== omitted)
    .map(([name, value]) => `${name}: ${value}`);
  const head = `${method} ${fill(target)} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), filled ?? Buffer.alloc(0)]);
}

/** As the value of a header that is usually there: it is left out. */
export const omitted = '\u0000omitted';

/** How to send it again: a curl line where that can say it, else the first bytes in hexadecimal. */
export function describeDraft(draft: Draft, bytes: Buffer): string {
  const { door, sender, fault, method, target, headers, body } = draft;
  const what = `${door.name} as ${sender}${fault ? `, ${fault}` : ''}`;
  const text = body?.toString() ?? '';
  // oxlint-disable-next-line no-control-regex -- what a shell line cannot show
  const printable =
    !draft.bytes && bytes.length < 3_000 && /^[\x20-\x7e\r\n]*$/.test(bytes.toString('latin1'));
  if (!printable) return `${what}: ${bytes.length} bytes, ${bytes.subarray(0, 600).toString('hex')}`;
  const quoted = (part: string) => `'${part.replaceAll("'", String.raw`'\''`)}'`;
  const sent = headers
    .filter(([, value]) => value !== omitted)
    .map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  return [
    `${what}: curl --path-as-is -X ${method} ${quoted(`$URL${target}`)}`,
    ...sent,
    ...(body ? [`--data-binary ${quoted(text)}`] : []),
  ].join(' ');
}
