import { connect, type AddressInfo, type Socket } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { sendUiMessageStream } from '../../src/chat/answers/ui-message-stream';

/** Longer than what the buffers of both sides take. */
const piece = Buffer.alloc(64 * 1024, 'x');
const slowMs = 300;

async function* endless(onEnd: () => void): AsyncGenerator<Buffer> {
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

  beforeEach(async () => {
    ended = new Promise((resolve) => {
      end = resolve;
    });
    app = fastify();
    app.get('/', (_, reply) =>
      sendUiMessageStream(reply, { messageId: 'x', events: endless(end) }, { slowMs }),
    );
    await app.listen({ port: 0, host: '127.0.0.1' });
    ({ port } = app.server.address() as AddressInfo);
  });

  afterEach(() => app.close());

  const ask = (): Promise<Socket> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.on('error', () => undefined);
        socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
        resolve(socket);
      });
    });

  it('is dropped once it takes nothing, and its reader with it', async () => {
    const socket = await ask();
    socket.pause();
    await ended;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    await closed;
  });

  it('is not dropped while it takes something', async () => {
    const socket = await ask();
    let received = 0;
    let isClosed = false;
    socket.once('close', () => {
      isClosed = true;
    });
    socket.on('data', (bytes) => {
      received += bytes.length;
      socket.pause();
      setTimeout(() => socket.resume(), 2);
    });
    await new Promise((resolve) => setTimeout(resolve, slowMs * 5));
    expect([isClosed, received > 0]).toEqual([false, true]);
    socket.destroy();
    await ended;
  });
});
