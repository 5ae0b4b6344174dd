import { createServer, type IncomingMessage, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { anthropic } from './anthropic';
import { Exchange } from './exchange';
import { google } from './google';
import { openai } from './openai';
import { perform, sendJson, sendRefusal } from './perform';
import type { Protocol } from './protocol';
import { parseJson } from './request-body';
import type { WireBehaviour, WireKind, WireRequest, WireServer, WireServerOptions } from './types';

const protocols: Record<WireKind, Protocol> = { openai, anthropic, google };

const echo: WireBehaviour = { reply: {} };

/** Starts a server on a free port of 127.0.0.1 that speaks the provider's protocol. The caller closes it. */
export async function startWireServer(kind: WireKind, options: WireServerOptions = {}): Promise<WireServer> {
  const protocol = protocols[kind];
  const queue: WireBehaviour[] = [];
  const exchanges = new Set<Exchange>();
  let whenEmpty = echo;

  const http = createServer((incoming, response) => {
    const exchange = new Exchange(response);
    exchanges.add(exchange);
    response.once('close', () => exchanges.delete(exchange));
    serve(incoming, exchange).catch((cause: unknown) => {
      if (!exchange.open) return;
      // A fault of this server: say so where the test will see it.
      void sendRefusal(protocol.refuse(500, `wire server: ${String(cause)}`), exchange);
    });
  });
  const origin = await listen(http);

  async function serve(incoming: IncomingMessage, exchange: Exchange): Promise<void> {
    const request = await readRequest(incoming, exchange);
    server.requests.push(request);
    const url = new URL(request.path, origin);
    const refusal = protocol.refuseCredentials(request.headers, options.expectKey);
    if (refusal) return sendRefusal(refusal, exchange);
    if (request.method === 'GET' && url.pathname === `${protocol.basePath}/models`) {
      return sendJson(
        200,
        protocol.listModels(server.models, url.searchParams),
        protocol.successHeaders(),
        exchange,
      );
    }
    if (request.method !== 'POST') return sendRefusal(protocol.refuse(404), exchange);
    const call = protocol.readCall(url, request.body);
    if (call.kind === 'refusal') return sendRefusal(call, exchange);
    return perform(queue.shift() ?? whenEmpty, call, protocol, exchange);
  }

  const server: WireServer = {
    kind,
    origin,
    baseUrl: origin + protocol.basePath,
    requests: [],
    models: [...protocol.defaultModels],
    next(...behaviours) {
      queue.push(...behaviours);
    },
    always(behaviour) {
      whenEmpty = behaviour;
    },
    reset() {
      queue.length = 0;
      whenEmpty = echo;
      server.requests.length = 0;
      server.models = [...protocol.defaultModels];
    },
    close() {
      const closed = new Promise<void>((resolve) => {
        http.close(() => resolve());
      });
      // First, so that no request takes our closing for the client's.
      for (const exchange of exchanges) exchange.hangUp();
      http.closeAllConnections();
      return closed;
    },
  };
  return server;
}

async function readRequest(incoming: IncomingMessage, exchange: Exchange): Promise<WireRequest> {
  const rawBody = await text(incoming);
  return {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    headers: joinHeaders(incoming),
    body: parseJson(rawBody),
    rawBody,
    aborted: exchange.aborted,
  };
}

function joinHeaders(incoming: IncomingMessage): Record<string, string> {
  const entries = Object.entries(incoming.headersDistinct);
  return Object.fromEntries(entries.map(([name, values = []]) => [name, values.join(', ')]));
}

function listen(http: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    http.once('error', reject);
    http.listen(0, '127.0.0.1', () => {
      const address = http.address();
      // A string is the address of a pipe, null of a server that does not listen: neither can be here.
      if (address === null || typeof address === 'string') return reject(new Error('no port'));
      resolve(`http://127.0.0.1:${address.port}`);
    });
  });
}
