import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What it does to every call; the first part of the path says which. Each puts the key wherever it can. */
export const echoes = [
  '302',
  '400',
  '401',
  '402',
  '403',
  '404',
  '408',
  '409',
  '413',
  '422',
  '429',
  '500',
  '503',
  '529',
  'page',
  'json',
  'list',
  'cut',
  'stream-error',
  'stream-garbage',
  'stream-cut',
  'bad-header',
  'silent',
] as const;

type Echo = (typeof echoes)[number];

export interface EchoingProvider {
  /** Base URL at which it behaves like this. */
  url(echo: Echo): string;
  /** How many calls brought a key. */
  readonly calls: number;
  close(): Promise<void>;
}

/** A provider that gives its callers' keys back: in bodies, headers, reason phrases, addresses and streams. */
export async function startEchoingProvider(): Promise<EchoingProvider> {
  let calls = 0;
  const server = createServer((request, response) => {
    const key = keyOf(request);
    if (key) calls += 1;
    request.resume().on('end', () => answer(request.url?.split('/')[1] ?? '', key, response));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo; // a string is the address of a pipe
  return {
    url: (echo) => `http://127.0.0.1:${port}/${echo}`,
    get calls() {
      return calls;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function keyOf({ headers }: IncomingMessage): string {
  const key = headers['x-api-key'] ?? headers['x-goog-api-key'] ?? headers.authorization ?? '';
  return String(key).replace(/^Bearer /i, '');
}

function answer(echo: string, key: string, response: ServerResponse): void {
  const headers = { 'x-echo': key, 'x-request-id': key, 'www-authenticate': `Bearer realm=${key}` };
  const text = `Incorrect API key provided: ${key}`;
  const error = { type: 'error', error: { message: text, type: text, code: key, param: key, status: key } };
  const json = { ...headers, 'content-type': 'application/json' };
  const events = { ...headers, 'content-type': 'text/event-stream' };
  switch (echo) {
    case 'silent':
      return;
    case 'cut':
      response.writeHead(200, { ...json, 'content-length': 10_000 }).write(JSON.stringify(error));
      return void setTimeout(() => response.destroy(), 20);
    case 'page':
      return void response
        .writeHead(200, { ...headers, 'content-type': 'text/html' })
        .end(`<h1>${text}</h1>`);
    case 'json':
      return void response
        .writeHead(200, json)
        .end(JSON.stringify({ [key]: key, choices: key, content: key }));
    case 'list':
      return void response
        .writeHead(200, json)
        .end(JSON.stringify({ error: text, data: [{ id: 1, [key]: key }] }));
    case 'stream-error':
      return void response.writeHead(200, events).end(`event: error\ndata: ${JSON.stringify(error)}\n\n`);
    case 'stream-garbage':
      return void response
        .writeHead(200, events)
        .end(`data: {"${key}": not JSON\n\nevent: ${key}\ndata: ${key}\n\n`);
    case 'stream-cut':
      response.writeHead(200, events).write(`data: {"error": {"message": "${text}`);
      return void setTimeout(() => response.destroy(), 20);
    case 'bad-header':
      response.socket?.end(`HTTP/1.1 200 ${key}\r\nx-echo: ${key}\r\n${key}\u0000\r\n\r\n${text}`);
      return;
    case '302':
      return void response
        .writeHead(302, key, { ...headers, location: `/200?key=${encodeURIComponent(key)}` })
        .end(text);
    default:
      response.writeHead(Number(echo), key, { ...json, 'retry-after': '0' }).end(JSON.stringify(error));
  }
}
