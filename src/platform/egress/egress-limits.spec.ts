import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { EgressGuard } from './egress-guard';
import { answering, serve } from './egress.spec-support';

let ending: (() => Promise<void>)[] = [];

/** `serve`, closed after the test. */
async function start(...args: Parameters<typeof serve>) {
  const started = await serve(...args);
  ending.push(started.close);
  return started;
}

afterEach(async () => {
  await Promise.all(ending.map((end) => end()));
  ending = [];
});

describe('the size cap', () => {
  const tooLarge = { code: 'PROVIDER_FAILED', fault: 'upstream', details: { reason: 'response_too_large' } };

  it.each([
    ['with a length', (body: Buffer) => ({ body, headers: { 'content-length': body.length } })],
    ['in chunks', (body: Buffer) => ({ body, headers: {} })],
    ['packed small', (body: Buffer) => ({ body: gzipSync(body), headers: { 'content-encoding': 'gzip' } })],
  ])('should fail a body that exceeds it: %s', async (_what, pack) => {
    const { body, headers } = pack(Buffer.alloc(1_000_001));
    const { origin, guard } = await start(
      (_request, response) => {
        response.writeHead(200, headers);
        response.write(body);
        response.end();
      },
      { maxResponseBytes: 1_000_000 },
    );
    const response = await guard.fetch(origin);
    await expect(response.arrayBuffer()).rejects.toMatchObject(tooLarge);
  });

  it('should count what arrives too: a packed body may be endless and hold nothing', async () => {
    // A gzip header whose file name does not end.
    const header = Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3]);
    const { origin, guard } = await start(
      (_request, response) => {
        response.setHeader('content-encoding', 'gzip').write(header);
        response.write(Buffer.alloc(200_000, 'a'));
      },
      { maxResponseBytes: 100_000, bodyTimeoutMs: 500 },
    );
    await expect((await guard.fetch(origin)).text()).rejects.toMatchObject(tooLarge);
  });

  it('should let a body of exactly that size through', async () => {
    const { origin, guard } = await start((_request, response) => response.end(Buffer.alloc(1_000_000)), {
      maxResponseBytes: 1_000_000,
    });
    expect((await (await guard.fetch(origin)).arrayBuffer()).byteLength).toBe(1_000_000);
  });

  it('should stop an endless body and its connection, after what fitted', async () => {
    const closed = Promise.withResolvers<void>();
    const { origin, guard } = await start(
      async (_request, response) => {
        response.on('close', closed.resolve);
        while (!response.destroyed) {
          response.write('0123456789');
          await delay(1);
        }
      },
      { maxResponseBytes: 95 },
    );
    let read = 0;
    const reading = (async () => {
      for await (const chunk of (await guard.fetch(origin)).body ?? []) read += chunk.length;
    })();
    await expect(reading).rejects.toMatchObject(tooLarge);
    expect(read).toBeLessThanOrEqual(95);
    await closed.promise;
  });
});

describe('an abort', () => {
  it('should end a call that waits, with the reason of its signal', async () => {
    const closed = Promise.withResolvers<void>();
    const { origin, guard } = await start((_request, response) => void response.on('close', closed.resolve));
    const reason = new Error('stopped by the user');
    const controller = new AbortController();
    const call = guard.fetch(origin, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 50);
    await expect(call).rejects.toBe(reason);
    await closed.promise;
    await expect(guard.fetch(origin, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    await expect(guard.fetch(new Request(origin, { signal: AbortSignal.timeout(30) }))).rejects.toMatchObject(
      {
        name: 'TimeoutError',
      },
    );
  });

  it('should end a body that streams', async () => {
    const { origin, guard } = await start((_request, response) => void response.write('first'));
    const controller = new AbortController();
    const reader = (await guard.fetch(origin, { signal: controller.signal })).body?.getReader();
    expect((await reader?.read())?.value).toHaveLength(5);
    const next = reader?.read();
    controller.abort();
    await expect(next).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('should end a call whose name is still being looked up', async () => {
    const guard = new EgressGuard({ allowHosts: [], lookup: () => undefined });
    const call = guard.fetch('https://slow.example.com/', { signal: AbortSignal.timeout(30) });
    await expect(call).rejects.toMatchObject({ name: 'TimeoutError' });
    await guard.close();
  });
});

describe('a time-out', () => {
  it('should end a call that gets no headers', async () => {
    const { origin, guard } = await start(() => undefined, { headersTimeoutMs: 50 });
    await expect(guard.fetch(origin)).rejects.toMatchObject({ cause: { code: 'UND_ERR_HEADERS_TIMEOUT' } });
  });

  it('should end a body that falls silent, not one that is slow', async () => {
    const { origin, guard } = await start(
      async (_request, response) => {
        for (let piece = 0; piece < 4; piece++) {
          response.write('x');
          await delay(60);
        }
      },
      { bodyTimeoutMs: 150 },
    );
    let read = 0;
    const reading = (async () => {
      for await (const chunk of (await guard.fetch(origin)).body ?? []) read += chunk.length;
    })();
    await expect(reading).rejects.toMatchObject({ cause: { code: 'UND_ERR_BODY_TIMEOUT' } });
    expect(read).toBe(4);
  });

  it('should end a connection that does not come up, its look-up included', async () => {
    const guard = new EgressGuard({ allowHosts: [], lookup: () => undefined, connectTimeoutMs: 50 });
    await expect(guard.fetch('https://slow.example.com/')).rejects.toMatchObject({
      cause: { code: 'UND_ERR_CONNECT_TIMEOUT' },
    });
    await guard.close();
  });
});

describe('connections', () => {
  it('should be kept and reused', async () => {
    const { origin, guard, connections } = await start((_request, response) => response.end('ok'));
    for (let call = 0; call < 20; call++) await (await guard.fetch(origin)).text();
    // Two, not one: undici hands out the last byte a moment before it marks the connection as free.
    expect(connections()).toBeLessThanOrEqual(2);
  });

  it('should survive a refusal of another origin', async () => {
    const { origin, guard, connections } = await start((_request, response) => response.end('ok'), {
      lookup: answering(['10.0.0.1']),
    });
    await (await guard.fetch(origin)).text();
    await expect(guard.fetch('https://x.example.com/')).rejects.toMatchObject({ code: 'EGRESS_REFUSED' });
    await delay(20);
    await (await guard.fetch(origin)).text();
    expect(connections()).toBe(1);
  });

  it('should all end at close, and none open after it', async () => {
    const { origin, guard } = await start((request, response) => {
      if (request.url === '/stream') response.write('first');
    });
    const streaming = await guard.fetch(`${origin}/stream`);
    const waiting = guard.fetch(origin);
    const outcomes = Promise.allSettled([streaming.text(), waiting]);
    await delay(50);
    await guard.close();
    await guard.close();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'SHUTTING_DOWN' } });
    }
    await expect(guard.fetch(origin)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  });
});
