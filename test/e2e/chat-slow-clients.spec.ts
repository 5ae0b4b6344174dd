import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { sendUiMessageStream } from '../../src/chat/answers/ui-message-stream';
import { toPacedBody } from '../../src/platform/http';
import { watchIntervals, type IntervalWatch } from '../support/intervals';
import { eventually } from '../support/streams';

const slowMs = 300;

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

  it('is dropped once it takes nothing, and its reader with it', async () => {
    const socket = await ask(64 * 1024);
    socket.pause();
    await ended;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    await closed;
  });

  it.each([
    ['something', 64 * 1024],
    ['a little of one piece, more than buffers hold', 32 * 1024 * 1024],
  ])('is not dropped while it takes %s', async (_what, bytes) => {
    const socket = await ask(bytes);
    let received = 0;
    let isClosed = false;
    socket.once('close', () => {
      isClosed = true;
    });
    socket.on('data', (bytes) => {
      received += bytes.length;
      socket.pause();
      setTimeout(() => socket.resume(), 20);
    });
    await new Promise((resolve) => setTimeout(resolve, slowMs * 6));
    expect([isClosed, received > 0]).toEqual([false, true]);
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
