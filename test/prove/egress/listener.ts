import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Somebody on this machine who must not be reached, or must not get a key. */
export interface Listener {
  port: number;
  /** How many connections were opened, whether or not anything was said. */
  connections: number;
  /** Of each request. */
  headers: IncomingHttpHeaders[];
  close(): Promise<void>;
}

/** Listens on every address of this machine; by default it answers with an empty list of models. */
export async function listen(listener?: RequestListener): Promise<Listener> {
  const server = createServer((request, response) => {
    heard.headers.push(request.headers);
    if (listener) listener(request, response);
    else response.setHeader('content-type', 'application/json').end('{"data":[]}');
  });
  server.on('connection', () => (heard.connections += 1));
  await new Promise<void>((done) => server.listen(0, '::', done));
  const heard: Listener = {
    port: (server.address() as AddressInfo).port,
    connections: 0,
    headers: [],
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return heard;
}
