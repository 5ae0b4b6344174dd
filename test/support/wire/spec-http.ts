import { startWireServer, type WireKind, type WireServer } from './index';

/** Talking to the servers without a provider's library. */

export const kinds: WireKind[] = ['openai', 'anthropic', 'google'];

const headersOf: Record<WireKind, Record<string, string>> = {
  openai: { authorization: 'Bearer k' },
  anthropic: { 'x-api-key': 'k', 'anthropic-version': '2023-06-01' },
  google: { 'x-goog-api-key': 'k' },
};

const started: WireServer[] = [];

/** Starts a server that `closeAll` closes. */
export async function start(kind: WireKind, expectKey?: string): Promise<WireServer> {
  const server = await startWireServer(kind, { expectKey });
  started.push(server);
  return server;
}

export async function closeAll(): Promise<void> {
  await Promise.all(started.splice(0).map((server) => server.close()));
}

export async function get({ baseUrl, kind }: WireServer, path: string): Promise<unknown> {
  return (await fetch(baseUrl + path, { headers: headersOf[kind] })).json();
}

export function post({ baseUrl, kind }: WireServer, path: string, body: object): Promise<Response> {
  return fetch(baseUrl + path, { method: 'POST', headers: headersOf[kind], body: JSON.stringify(body) });
}
