import { once } from 'node:events';
import { connect } from 'node:net';
import { eventually } from './streams';

/** What came back for bytes that were sent as they are. */
export interface RawAnswer {
  /** `closed`: the connection ended without an answer. `late`: nothing whole came in time. */
  outcome: 'answered' | 'closed' | 'late';
  /** 0 where there is no answer. */
  status: number;
  headers: Headers;
  text: string;
  milliseconds: number;
  /** Of the system, where the connection broke. */
  error?: string;
}

interface RawOptions {
  /** Of the request: an answer to HEAD has no body. */
  method: string;
  /** The request promises more than it sends: the sending side is closed when nothing has come for this long. */
  endAfterMs?: number;
  timeoutMs: number;
}

/** Sends bytes over a connection of their own and reads one answer, HTTP/1.1, whatever was sent. */
export function exchange(url: string, bytes: Buffer, options: RawOptions): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let error: string | undefined;
    const socket = connect(Number(port), hostname);
    const finish = (outcome: 'closed' | 'late') => {
      clearTimeout(late);
      clearTimeout(ending);
      socket.destroy();
      const answer = readAnswer(Buffer.concat(chunks), options.method, true);
      const milliseconds = performance.now() - startedAt;
      resolve({ ...(answer ?? { ...nothing(), outcome }), milliseconds, ...(error ? { error } : {}) });
    };
    const late = setTimeout(() => finish('late'), options.timeoutMs);
    const ending =
      options.endAfterMs === undefined ? undefined : setTimeout(() => socket.end(), options.endAfterMs);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (readAnswer(Buffer.concat(chunks), options.method, false)) finish('closed');
    });
    socket.on('error', ({ message }) => {
      error = message;
      finish('closed');
    });
    socket.on('close', () => finish('closed'));
    socket.write(bytes);
  });
}

/**
 * Sends a request in two steps, the rest once it has been refused, and waits for the connection to close. `isTaken`: all of it
 * was, and nothing broke.
 */
export async function sendInTwo(
  url: string,
  head: string,
  rest: Buffer | string,
): Promise<{ statuses: string[]; isTaken: boolean }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let said = '';
  let [isSent, isBroken] = [false, false];
  socket.on('data', (bytes) => {
    said += bytes.toString();
  });
  socket.on('error', () => {
    isBroken = true;
  });
  const closed = once(socket, 'close');
  socket.write(head);
  await eventually(async () => said.includes('"requestId"'));
  socket.write(rest, (error) => {
    isSent = !error;
  });
  await closed;
  return { statuses: said.match(/HTTP\/1\.1 \d+/g) ?? [], isTaken: isSent && !isBroken };
}

type Parsed = Omit<RawAnswer, 'milliseconds' | 'error'>;

function nothing(): Parsed {
  return { outcome: 'closed', status: 0, headers: new Headers(), text: '' };
}

/** The answer in these bytes, once it is whole; `ended` says that no more will come. */
function readAnswer(bytes: Buffer, method: string, ended: boolean): Parsed | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1] ?? 0);
  const rest = bytes.subarray(end + 4);
  if (status === 100) return readAnswer(rest, method, ended);
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const body = method === 'HEAD' || status === 204 || status === 304 ? '' : readBody(rest, headers, ended);
  return body === undefined ? undefined : { outcome: 'answered', status, headers, text: body };
}

function readBody(bytes: Buffer, headers: Headers, ended: boolean): string | undefined {
  if (headers.get('transfer-encoding') === 'chunked') return readChunks(bytes);
  const length = headers.get('content-length');
  if (length === null) return ended ? bytes.toString() : undefined;
  return bytes.length >= Number(length) ? bytes.subarray(0, Number(length)).toString() : undefined;
}

function readChunks(bytes: Buffer): string | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16);
    if (Number.isNaN(size)) return undefined; // no chunk, and never will be
    if (size === 0) return Buffer.concat(parts).toString();
    at = lineEnd + 2 + size + 2;
    if (at > bytes.length) return undefined;
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
  }
}
