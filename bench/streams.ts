import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Agent, request } from 'undici';
import { call } from '../scripts/demo/api.ts';
import options from '../scripts/server-options.json' with { type: 'json' };
import { percentile, plain, type Figure } from './figures.ts';
import { createTeamWith } from './first-byte.ts';
import { residentMegabytes } from './footprint.ts';
import { createPlace } from './place.ts';

const levels = [10, 20, 30, 40, 50, 60, 80, 100, 150, 200, 300];
const partsPerSecond = 50;
const seconds = 6;
const boundMs = 100;

/** A server under test: how an answer of it is asked for. */
interface Streaming {
  pid: number;
  ask(): Promise<{ url: string; headers?: Record<string, string>; body?: string }>;
  stop(): Promise<void>;
}

/**
 * More and more streams at once, 50 parts a second each: how late a part is, from the provider's socket to the reader's.
 * Provider and readers share the machine, and this process, with the server: a server alone holds more. It stops at the
 * first number of streams whose p99 is beyond the bound. The same with a server that is nothing but the AI SDK says how
 * much of that is the AI SDK's own.
 */
export async function measureStreams(): Promise<Figure[]> {
  const provider = await startTellingProvider();
  const { port } = provider.address() as AddressInfo; // it listens on a port
  const baseUrl = `http://127.0.0.1:${port}/v1`;
  try {
    return [
      ...(await findHeld('AI Studio', await startStudio(baseUrl, port))),
      ...(await findHeld('the AI SDK alone', await startPlain(baseUrl))),
    ];
  } finally {
    provider.close();
    provider.closeAllConnections();
  }
}

async function findHeld(name: string, server: Streaming): Promise<Figure[]> {
  const agent = new Agent({ connections: 1_000 });
  const read = (count: number, onDelay: (milliseconds: number) => void) =>
    Promise.all(Array.from({ length: count }, () => readOne(server, agent, onDelay)));
  const figures: Figure[] = [];
  let [held, perStream] = [0, Number.NaN];
  try {
    await read(20, () => undefined); // until the code is compiled
    const before = residentMegabytes(server.pid);
    for (const count of levels) {
      const delays: number[] = [];
      const reading = read(count, (ms) => delays.push(ms));
      await new Promise((resolve) => setTimeout(resolve, (seconds * 1_000) / 2));
      const memory = residentMegabytes(server.pid);
      await reading;
      const p99 = percentile(delays, 0.99);
      figures.push(plain(`${name}, ${count} streams: p99 delay of ${delays.length} parts`, p99, 'ms'));
      if (p99 > boundMs) break;
      [held, perStream] = [count, ((memory - before) * 1_000) / count];
    }
  } finally {
    await agent.destroy();
    await server.stop();
  }
  return [
    ...figures,
    plain(`${name}: streams held at ${partsPerSecond} parts a second, p99 below ${boundMs} ms`, held, ''),
    ...(held > 0 ? [plain(`${name}: memory a stream, then`, perStream, 'kB')] : []),
  ];
}

async function startStudio(baseUrl: string, port: number): Promise<Streaming> {
  const place = await createPlace();
  const server = await place.start({ EGRESS_ALLOW_HOSTS: `127.0.0.1:${port}` });
  const stop = async () => {
    await server.stop();
    await place.remove();
  };
  const caller = await createTeamWith(server.url, baseUrl).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    pid: server.pid,
    ask: async () => {
      const { id } = await call(caller, 'POST', '/api/v1/chat/sessions', {});
      return {
        url: `${server.url}/api/v1/chat/sessions/${id}/messages`,
        headers: {
          authorization: `Bearer ${caller.token}`,
          'x-team-id': caller.teamId ?? '',
          'content-type': 'application/json',
        },
        body: JSON.stringify({ text: 'Go' }),
      };
    },
    stop,
  };
}

/** With the options of the other one. */
async function startPlain(baseUrl: string): Promise<Streaming> {
  const child = fork(fileURLToPath(new URL('plain-server.ts', import.meta.url)), [baseUrl], {
    execArgv: options.nodeOptions,
    env: { ...process.env, ...options.environment },
  });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`The plain server ended with ${code}.`);
  });
  const [port] = await Promise.race([once(child, 'message'), ended]);
  return {
    pid: child.pid ?? 0,
    ask: async () => ({ url: `http://127.0.0.1:${port}/` }),
    stop: async () => {
      child.disconnect();
      await ended.catch(() => undefined); // as it was asked to
    },
  };
}

/** Says in each part when it was sent. */
async function startTellingProvider(): Promise<Server> {
  const provider = createServer((incoming, response) => {
    incoming.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const send = (delta: object, finish: string | null = null) =>
      response.write(
        `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 0, model: 'small', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`,
      );
    let left = partsPerSecond * seconds;
    const timer = setInterval(() => {
      left -= 1;
      if (left >= 0) {
        send({ content: `@${performance.now()} ` });
        return;
      }
      clearInterval(timer);
      send({}, 'stop');
      response.end('data: [DONE]\n\n');
    }, 1_000 / partsPerSecond);
    response.once('close', () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  return provider;
}

async function readOne(
  server: Streaming,
  dispatcher: Agent,
  onDelay: (milliseconds: number) => void,
): Promise<void> {
  const { url, ...asked } = await server.ask();
  const { body, statusCode } = await request(url, { dispatcher, method: 'POST', ...asked });
  if (statusCode !== 200) throw new Error(`A message was answered with ${statusCode}: ${await body.text()}`);
  let [rest, parts] = ['', 0];
  for await (const bytes of body) {
    const now = performance.now();
    const pieces = (rest + String(bytes)).split('\n\n');
    rest = pieces.pop() ?? '';
    for (const piece of pieces) {
      const sent = /"delta":"@([\d.]+) "/.exec(piece)?.[1];
      if (sent === undefined) continue;
      parts += 1;
      onDelay(now - Number(sent));
    }
  }
  if (parts !== partsPerSecond * seconds) throw new Error(`Of an answer ${parts} parts came.`);
}
