import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { sendUiMessageStream } from '../../src/chat/answers/ui-message-stream';
import { dropWhenSlow, toPacedBody } from '../../src/platform/http';
import { watchIntervals, type IntervalWatch } from '../support/intervals';
import { eventually } from '../support/streams';

const slowMs = 600;
/** The system says of what was taken when it is a third of what it holds for a connection, 4 MiB on most machines. */
const visibleBytes = 2 * 1024 * 1024;

async function* endless(bytes: number, onEnd: () => void): AsyncGenerator<Buffer> {
  const piece = Buffer.alloc(bytes, 'x');
  try {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      yield piece;
    }
  } finally {
    onEnd();
  }
}

describe('a client that is slow', () => {
  let app: FastifyInstance;
  let port: number;
  let ended: Promise<void>;
  let end: () => void;
  let asked: () => void;
  let late: AsyncGenerator<Buffer> | undefined;

  beforeEach(async () => {
    ended = new Promise((resolve) => {
      end = resolve;
    });
    app = fastify();
    app.get<{ Params: { bytes: string } }>('/:bytes', ({ params }, reply) => {
      const events = endless(Number(params.bytes), end);
      return sendUiMessageStream(reply, { messageId: 'x', events }, { slowMs });
    });
    app.get('/whole', (_request, reply) => {
      dropWhenSlow(reply.raw, slowMs);
      reply.raw.once('close', end);
      return reply.send(Buffer.alloc(128 * 1024 * 1024));
    });
    app.get('/late', async ({ raw }, reply) => {
      asked();
      await once(raw.socket, 'close');
      late = endless(1, () => undefined);
      return reply.send(toPacedBody(reply, late, slowMs));
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    ({ port } = app.server.address() as AddressInfo);
  });

  afterEach(() => app.close());

  const ask = (...paths: (number | string)[]): Promise<Socket> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.on('error', () => undefined);
        socket.write(paths.map((path) => `GET /${path} HTTP/1.1\r\nhost: x\r\n\r\n`).join(''));
        resolve(socket);
      });
    });

  it.each([
    ['a stream, and its reader with it', 64 * 1024],
    ['what was sent as a whole', 'whole'],
  ])('is dropped once it takes nothing of %s', async (_what, path) => {
    const socket = await ask(path);
    socket.pause();
    await ended;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    await closed;
  });

  it.each([
    ['something', 64 * 1024],
    ['a little of one piece, more than buffers hold', 32 * 1024 * 1024],
    ['a little of what was sent as a whole', 'whole'],
  ])('is not dropped while it takes %s', async (_what, path) => {
    const socket = await ask(path);
    let [received, pausedAt] = [0, 0];
    let isDropped = false;
    void ended.then(() => {
      isDropped = true;
    });
    socket.on('data', (bytes) => {
      received += bytes.length;
      if (received - pausedAt < visibleBytes) return;
      pausedAt = received;
      socket.pause();
      setTimeout(() => socket.resume(), slowMs / 10);
    });
    await new Promise((resolve) => setTimeout(resolve, slowMs * 3.5));
    expect([isDropped, received > 0]).toEqual([false, true]);
    socket.destroy();
    await ended;
  });

  describe('and gone', () => {
    let intervals: IntervalWatch;

    beforeEach(() => {
      intervals = watchIntervals();
    });

    afterEach(() => intervals.stop());

    it('before its answer begins leaves no timer, and what it would have been given is ended', async () => {
      const isAsked = new Promise<void>((resolve) => {
        asked = resolve;
      });
      const socket = await ask('late');
      await isAsked;
      socket.destroy();
      await eventually(async () => late !== undefined);
      expect(await late?.next()).toEqual({ done: true, value: undefined });
      expect(intervals.countRunning()).toBe(0);
    });

    it('while its answer waits behind another one leaves no timer', async () => {
      const socket = await ask(1, 1);
      await eventually(async () => intervals.countRunning() === 2);
      socket.destroy();
      await eventually(async () => intervals.countRunning() === 0);
    });
  });
});
