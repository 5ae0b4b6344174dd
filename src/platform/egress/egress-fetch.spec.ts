import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { FormData as UndiciFormData, Headers as UndiciHeaders, Request as UndiciRequest } from 'undici';
import { refusalOf, serve } from './egress.spec-support';

/** Sends back what it got, as JSON. */
function echo(request: IncomingMessage, response: ServerResponse) {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { method, url, headers } = request;
    response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }));
  });
}

/** What `echo` answers; `json()` is untyped. */
type Echo = { method: string; url: string; headers: Record<string, string>; body: string };
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

describe('an allowed call', () => {
  it.each([301, 302, 303, 307, 308])(
    'should be refused when answered with a redirect, %i',
    async (status) => {
      const paths: (string | undefined)[] = [];
      const { origin, guard } = await start((request, response) => {
        paths.push(request.url);
        response.writeHead(status, { location: '/elsewhere' }).end('moved');
      });
      const modes: (RequestRedirect | undefined)[] = ['follow', 'manual', 'error', undefined];
      for (const redirect of modes) {
        const call = guard.fetch(`${origin}/here`, { method: 'POST', body: 'x', redirect });
        expect(await refusalOf(call)).toEqual({ reason: 'redirect', host: '127.0.0.1' });
      }
      expect(new Set(paths)).toEqual(new Set(['/here']));
    },
  );

  it('should carry every kind of body', async () => {
    const { origin, guard } = await start(echo);
    const bodies: BodyInit[] = [
      'héllo',
      new TextEncoder().encode('héllo'),
      new TextEncoder().encode('héllo').buffer,
      new Blob(['hé', 'llo']),
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('hé'));
          controller.enqueue(new TextEncoder().encode('llo'));
          controller.close();
        },
      }),
    ];
    for (const body of bodies) {
      const response = await guard.fetch(origin, { method: 'POST', body });
      expect(await response.json()).toMatchObject({ method: 'POST', body: 'héllo' });
    }
    const query = await guard.fetch(origin, { method: 'PUT', body: new URLSearchParams({ a: '1 2' }) });
    expect(await query.json()).toMatchObject({ method: 'PUT', body: 'a=1+2' });
  });

  describe('with a long text', () => {
    const text = 'ü'.repeat(1024 * 1024);

    it('should carry it whole, and say its length and type as for a short one', async () => {
      const { origin, guard } = await start(echo);
      const [short, long] = await Promise.all(
        ['ü', text].map(async (body) => {
          const response = await guard.fetch(origin, { method: 'POST', body });
          return (await response.json()) as Echo;
        }),
      );
      expect(long?.body === text).toBe(true);
      expect(long?.headers).toEqual({ ...short?.headers, 'content-length': String(2 * text.length) });
      const headers = { 'content-type': 'application/json' };
      const named = await guard.fetch(origin, { method: 'POST', body: text, headers });
      expect(((await named.json()) as Echo).headers).toMatchObject(headers);
    });

    it('should give the answer of a server that refuses it, whether it reads it or not', async () => {
      const { origin, guard } = await start((request, response) => {
        if (request.url === '/read') request.resume();
        response.writeHead(413).end('too long');
      });
      for (const path of ['/read', '/unread']) {
        const response = await guard.fetch(`${origin}${path}`, { method: 'POST', body: text });
        expect([response.status, await response.text()]).toEqual([413, 'too long']);
      }
    });

    it('should end with the reason of the signal while the server does not read it', async () => {
      const { origin, guard } = await start(() => undefined);
      const call = guard.fetch(origin, {
        method: 'POST',
        body: text.repeat(16),
        signal: AbortSignal.timeout(200),
      });
      await expect(call).rejects.toMatchObject({ name: 'TimeoutError' });
    });

    it('should not hold it while the answer goes on', async () => {
      setFlagsFromString('--expose-gc');
      const gc = runInNewContext('gc') as () => void;
      const held = () => {
        gc();
        const { heapUsed, arrayBuffers } = process.memoryUsage();
        return heapUsed + arrayBuffers;
      };
      const { origin, guard } = await start((request, response) => {
        request.resume().on('end', () => response.write('first'));
      });
      const before = held();
      const { body } = await guard.fetch(origin, { method: 'POST', body: 'x'.repeat(64 * 1024 * 1024) });
      const reader = body?.getReader();
      await reader?.read();
      while ((held() - before) / 1024 / 1024 > 16) await delay(50); // the last piece is on its way
      await reader?.cancel();
    });
  });

  it("should carry a form of the platform's or of undici's class", async () => {
    const { origin, guard } = await start(echo);
    // undici declares its own form class, which the platform's types do not know.
    for (const form of [new FormData(), new UndiciFormData() as unknown as FormData]) {
      form.append('file', new Blob(['sound'], { type: 'audio/wav' }), 'a.wav');
      form.append('model', 'whisper');
      const got = (await (await guard.fetch(origin, { method: 'POST', body: form })).json()) as Echo;
      const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(got.headers['content-type'] ?? '')?.[1];
      expect(got.body).toContain(`--${boundary}--`);
      expect(got.body).toContain('filename="a.wav"');
      expect(got.body).toContain('whisper');
    }
  });

  it("should take a Request and Headers of the platform's or of undici's class, and let init win", async () => {
    const { origin, guard } = await start(echo);
    const init = { method: 'POST', body: 'one', headers: { 'x-a': '1', 'content-type': 'text/x' } };
    // The two classes are declared apart; callers in plain JavaScript may pass either.
    const inputs = [
      new Request(`${origin}/p?q=1`, init),
      new UndiciRequest(`${origin}/p?q=1`, init),
    ] as Request[];
    for (const input of inputs) {
      const got = await (await guard.fetch(input)).json();
      expect(got).toMatchObject({ method: 'POST', url: '/p?q=1', body: 'one' });
      expect(got).toMatchObject({ headers: { 'x-a': '1', 'content-type': 'text/x' } });
    }
    const base = new Request(origin, init);
    for (const headers of [
      new Headers({ 'x-b': '2' }),
      new UndiciHeaders({ 'x-b': '2' }) as unknown as Headers,
    ]) {
      const got = (await (await guard.fetch(base.clone(), { headers, body: 'two' })).json()) as Echo;
      expect(got).toMatchObject({ method: 'POST', body: 'two', headers: { 'x-b': '2' } });
      expect(got.headers).not.toHaveProperty('x-a');
    }
    expect((await guard.fetch(new URL(origin), { headers: [['x-c', '3']] })).ok).toBe(true);
  });

  it("should answer with the platform's Response", async () => {
    const { origin, guard } = await start((request, response) => {
      if (request.url === '/empty') return response.writeHead(204).end();
      response.setHeader('set-cookie', ['a=1', 'b=2']).writeHead(418, 'Short and stout').end('{"a":1}');
    });
    const response = await guard.fetch(`${origin}/pot`);
    expect(response).toBeInstanceOf(Response);
    expect(response).toMatchObject({
      status: 418,
      statusText: 'Short and stout',
      ok: false,
      url: `${origin}/pot`,
    });
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await response.clone().json()).toEqual({ a: 1 });
    expect(await response.text()).toBe('{"a":1}');
    expect(await guard.fetch(`${origin}/empty`)).toMatchObject({ status: 204, body: null });
  });

  it('should fail as the provider failing when the status is outside HTTP', async () => {
    const { origin, guard } = await start((_request, response) => {
      response.writeHead(999).end('x');
    });
    await expect(guard.fetch(origin)).rejects.toMatchObject({
      code: 'PROVIDER_FAILED',
      details: { reason: 'malformed_response' },
    });
  });
});

describe('a streamed response', () => {
  it('should arrive piece by piece while the server still writes', async () => {
    const seen: string[] = [];
    let next: (() => void) | undefined;
    const { origin, guard } = await start(async (_request, response) => {
      for (const piece of ['one', 'two', 'three']) {
        response.write(piece);
        await new Promise<void>((resolve) => (next = resolve));
      }
      response.end();
    });
    const { body } = await guard.fetch(origin);
    expect(body).toBeInstanceOf(ReadableStream);
    for await (const chunk of body ?? []) {
      seen.push(new TextDecoder().decode(chunk));
      next?.();
    }
    expect(seen).toEqual(['one', 'two', 'three']);
  });

  it('should hold the server back when it is not read', async () => {
    let written = 0;
    const piece = Buffer.alloc(64 * 1024);
    const { origin, guard } = await start(async (_request, response) => {
      while (!response.destroyed && written < 512 * piece.length) {
        written += piece.length;
        if (!response.write(piece)) await new Promise((resolve) => response.once('drain', resolve));
      }
      response.end();
    });
    const response = await guard.fetch(origin);
    await delay(300);
    const writtenUnread = written;
    expect(writtenUnread).toBeLessThan(256 * piece.length);
    expect((await response.arrayBuffer()).byteLength).toBe(512 * piece.length);
  });

  it('should end the connection when it is cancelled', async () => {
    const closed = Promise.withResolvers<void>();
    const { origin, guard } = await start((_request, response) => {
      response.write('first');
      response.on('close', closed.resolve);
    });
    const reader = (await guard.fetch(origin)).body?.getReader();
    await reader?.read();
    await reader?.cancel('enough');
    await closed.promise;
  });

  it('should be decoded', async () => {
    const { origin, guard } = await start((_request, response) => {
      response.setHeader('content-encoding', 'gzip').end(gzipSync('packed'));
    });
    expect(await (await guard.fetch(origin)).text()).toBe('packed');
  });
});
