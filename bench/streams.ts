import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, request } from 'undici';
import { call, type Caller } from '../scripts/demo/api.ts';
import { percentile, plain, type Figure } from './figures.ts';
import { createTeamWith } from './first-byte.ts';
import { residentMegabytes } from './footprint.ts';
import { createPlace } from './place.ts';

const levels = [25, 50, 100, 150, 200, 300];
const partsPerSecond = 50;
const seconds = 6;
const boundMs = 100;

/**
 * More and more streams at once, 50 parts a second each: how late a part is, from the provider's socket to the reader's.
 * Provider and readers share the machine, and this process, with the server: a server alone holds more. It stops at the
 * first number of streams whose p99 is beyond the bound.
 */
export async function measureStreams(): Promise<Figure[]> {
  const provider = await startTellingProvider();
  const { port } = provider.address() as AddressInfo; // it listens on a port
  const place = await createPlace();
  const server = await place.start({ EGRESS_ALLOW_HOSTS: `127.0.0.1:${port}` });
  const agent = new Agent({ connections: 1_000 });
  try {
    const caller = await createTeamWith(server.url, `http://127.0.0.1:${port}/v1`);
    await Promise.all(Array.from({ length: 20 }, () => readOne(caller, agent, () => undefined)));
    const figures: Figure[] = [];
    const before = residentMegabytes(server.pid);
    let [held, perStream] = [0, Number.NaN];
    for (const count of levels) {
      const delays: number[] = [];
      const reading = Promise.all(
        Array.from({ length: count }, () => readOne(caller, agent, (ms) => delays.push(ms))),
      );
      await new Promise((resolve) => setTimeout(resolve, (seconds * 1_000) / 2));
      const memory = residentMegabytes(server.pid);
      await reading;
      const p99 = percentile(delays, 0.99);
      figures.push(plain(`${count} streams: p99 delay of ${delays.length} parts`, p99, 'ms'));
      if (p99 > boundMs) break;
      [held, perStream] = [count, ((memory - before) * 1_000) / count];
    }
    return [
      ...figures,
      plain(`streams held at ${partsPerSecond} parts a second, p99 below ${boundMs} ms`, held, ''),
      ...(held > 0 ? [plain('memory a stream, then', perStream, 'kB')] : []),
    ];
  } finally {
    await agent.destroy();
    await server.stop();
    provider.close();
    provider.closeAllConnections();
    await place.remove();
  }
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
  caller: Caller,
  dispatcher: Agent,
  onDelay: (milliseconds: number) => void,
): Promise<void> {
  const { url, token, teamId } = caller;
  const { id } = await call(caller, 'POST', '/api/v1/chat/sessions', {});
  const { body, statusCode } = await request(`${url}/api/v1/chat/sessions/${id}/messages`, {
    dispatcher,
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'x-team-id': teamId, 'content-type': 'application/json' },
    body: JSON.stringify({ text: 'Go' }),
  });
  let rest = '';
  for await (const bytes of body) {
    const now = performance.now();
    const pieces = (rest + String(bytes)).split('\n\n');
    rest = pieces.pop() ?? '';
    for (const piece of pieces) {
      const sent = /"delta":"@([\d.]+) "/.exec(piece)?.[1];
      if (sent !== undefined) onDelay(now - Number(sent));
    }
  }
  if (statusCode !== 200) throw new Error(`A message was answered with ${statusCode}.`);
}
