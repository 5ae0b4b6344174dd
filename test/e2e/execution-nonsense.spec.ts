import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { startTestApp, type TestApp } from '../support/app';
import { createSession, createTeam, say, signUp, type Answer, type Client } from '../support/client';
import {
  addTeamProvider,
  disableModel,
  expectStatus,
  listExecutions,
  setDefaultModel,
  type UsableModel,
} from '../support/providers';
import { startWireServer, type WireBehaviour, type WireServer, type WireUsage } from '../support/wire';

/** An answer of OpenAI chat with these deltas, whatever they hold. */
function events(...deltas: object[]): WireBehaviour {
  const frames = [...deltas, {}].map((delta, index) =>
    JSON.stringify({
      id: 'c',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [{ index: 0, delta, finish_reason: index === deltas.length ? 'stop' : null }],
    }),
  );
  const rawBody = [...frames, '[DONE]'].map((data) => `data: ${data}\n\n`).join('');
  return { fail: { status: 200, headers: { 'content-type': 'text/event-stream' }, rawBody } };
}

const toolCall = {
  tool_calls: [{ index: 0, id: 't', type: 'function', function: { name: 'rm', arguments: '{}' } }],
};

describe('a provider that talks nonsense', () => {
  let app: TestApp;
  let admin: Client & { teamId: string };
  let servers: { one: WireServer; two: WireServer };
  let one: UsableModel;
  let two: UsableModel;

  beforeAll(async () => {
    app = await startTestApp();
    admin = await createTeam(await createTeam(await signUp(app)));
    servers = { one: await startWireServer('openai'), two: await startWireServer('openai') };
    one = await addTeamProvider(admin, servers.one, { name: 'one', settings: { maxOutputTokens: 100 } });
    two = await addTeamProvider(admin, servers.two, { name: 'two' });
    await disableModel(admin, 'sandbox/echo');
    await disableModel(admin, two.id);
    await setDefaultModel(admin, one.id);
  }, 60_000);

  afterEach(() => {
    servers.one.reset();
    servers.two.reset();
  });

  afterAll(async () => {
    await app.close();
    await servers.one.close();
    await servers.two.close();
  });

  const ask = async (client: Client = admin) => {
    const sessionId = await createSession(client);
    const answer = await say(client, sessionId, { text: 'Hello' });
    const message = expectStatus(await client.get(`/api/v1/chat/sessions/${sessionId}/messages`)).items.at(
      -1,
    );
    const error = answer.chunks.find(({ type }) => type === 'error');
    return { ...answer, message, error: error && JSON.parse(String(error.errorText)).error };
  };

  /** What was booked last: never an error, never still running. */
  const booked = async (client: Client = admin): Promise<Answer['body']> => {
    const [execution] = await listExecutions(client);
    expect(execution.outcome).not.toBe('running');
    return execution;
  };

  const withSecondCandidate = async (work: () => Promise<void>) => {
    expectStatus(await admin.patch(`/api/v1/team-models/${two.id}`, { enabled: true }));
    try {
      await work();
    } finally {
      await disableModel(admin, two.id);
    }
  };

  describe('about what it used', () => {
    const impossible: [name: string, count: number][] = [
      ['more than a column holds', 9e18],
      ['more than a number holds exactly', 2 ** 53],
      ['more than anybody can use', 2 ** 31],
      ['a number beyond all columns', 1e30],
      ['a fraction', 5.5],
      ['less than nothing', -3],
    ];

    it.each(impossible)(
      'is not believed where it says %s, and what was said is estimated',
      async (_, count) => {
        for (const usage of [
          { inputTokens: 12, outputTokens: count },
          { inputTokens: count, outputTokens: 7 },
          { inputTokens: count, outputTokens: count },
        ]) {
          servers.one.next({ reply: { text: 'x'.repeat(40), usage } });
          const startedAt = performance.now();
          const { text, message } = await ask();
          expect(text).toBe('x'.repeat(40));
          expect(message.status).toBe('complete');
          expect(performance.now() - startedAt).toBeLessThan(5_000);
          const execution = await booked();
          expect(execution).toMatchObject({
            outcome: 'completed',
            usage: {
              source: 'estimated',
              outputTokens: usage.outputTokens === count ? 10 : 7,
              cachedInputTokens: null,
            },
          });
          if (usage.inputTokens === count) expect(execution.usage.inputTokens).toBeGreaterThan(20);
          else expect(execution.usage.inputTokens).toBe(12);
        }
      },
    );

    it.each(impossible)(
      'nor where it does not stream and says %s: then it is unknown or estimated',
      async (_, count) => {
        servers.one.next({ reply: { usage: { inputTokens: count, outputTokens: count } } });
        expect(expectStatus(await admin.post(`/api/v1/team-models/${one.id}/test`))).toMatchObject({
          ok: true,
        });
        expect(await booked()).toMatchObject({ outcome: 'completed', usage: { source: 'estimated' } });
      },
    );

    it.each(impossible)('nor where only a part is %s: the part is unknown', async (_, count) => {
      const usage: WireUsage = {
        inputTokens: 12,
        outputTokens: 7,
        cachedInputTokens: count,
        reasoningTokens: count,
      };
      servers.one.next({ reply: { usage } });
      await ask();
      expect((await booked()).usage).toMatchObject({
        inputTokens: 12,
        outputTokens: 7,
        cachedInputTokens: null,
        reasoningTokens: null,
        source: 'provider',
      });
    });

    it('is cut to the totals where parts are larger than these', async () => {
      const usage = { inputTokens: 12, cachedInputTokens: 50, outputTokens: 7, reasoningTokens: 90 };
      servers.one.next({ reply: { usage } });
      await ask();
      expect((await booked()).usage).toMatchObject({
        inputTokens: 12,
        cachedInputTokens: 12,
        outputTokens: 7,
        reasoningTokens: 7,
        source: 'provider',
      });
    });
  });

  describe('that redirects', () => {
    const redirect: WireBehaviour = {
      fail: { status: 302, headers: { location: 'http://127.0.0.1/elsewhere' }, rawBody: '' },
    };
    const reason = expect.stringContaining('redirect');

    it('has failed, be it the only one', async () => {
      servers.one.next(redirect);
      const set = `PATCH /api/v1/team-providers/${one.providerId}`;
      const { status, body, message } = await ask();
      expect(status).toBe(502);
      expect(body.error).toMatchObject({
        code: 'PROVIDER_FAILED',
        details: { set, candidates: [{ providerId: one.providerId, modelRef: one.ref, reason, set }] },
      });
      expect(message).toMatchObject({ status: 'failed', error: { code: 'PROVIDER_FAILED' } });
      expect((await booked()).attempts).toMatchObject([{ outcome: 'failed', reason }]);
    });

    it('or one of two', async () => {
      await withSecondCandidate(async () => {
        servers.one.next(redirect);
        servers.two.next(redirect);
        const { status, body } = await ask();
        expect(status).toBe(502);
        expect(body.error).toMatchObject({
          code: 'PROVIDER_FAILED',
          details: {
            candidates: [
              { modelRef: one.ref, reason },
              { modelRef: two.ref, reason },
            ],
          },
        });
      });
    });

    it('and is an answer, no error, where an admin tries it', async () => {
      servers.one.next(redirect);
      const test = expectStatus(await admin.post(`/api/v1/team-models/${one.id}/test`));
      expect(test).toMatchObject({ ok: false, error: expect.stringContaining('redirect') });
    });
  });

  describe('that calls a tool nobody offered', () => {
    const reason = 'called a tool that it was not offered';

    it('has failed, and lets the next answer', async () => {
      servers.one.next(events(toolCall));
      const alone = await ask();
      expect(alone.status).toBe(502);
      expect(alone.body.error).toMatchObject({
        code: 'PROVIDER_FAILED',
        details: { candidates: [{ reason }] },
      });
      expect(await booked()).toMatchObject({ outcome: 'failed', attempts: [{ outcome: 'failed', reason }] });
      await withSecondCandidate(async () => {
        servers.one.next(events(toolCall));
        expect((await ask()).text).toBe('echo: Hello');
        expect(await booked()).toMatchObject({ outcome: 'completed', modelRef: two.ref });
      });
    });

    it('in the middle of its answer has failed too: what it said is kept', async () => {
      servers.one.next(events({ content: 'Let me ' }, { content: 'see.' }, toolCall, { content: ' Done.' }));
      const { status, text, error, message, chunks } = await ask();
      expect(status).toBe(200);
      expect(text).toBe('Let me see.');
      expect(error).toMatchObject({ code: 'PROVIDER_FAILED', details: { candidates: [{ reason }] } });
      expect(chunks.filter(({ type }) => String(type).startsWith('tool'))).toEqual([]);
      expect(message).toMatchObject({
        status: 'failed',
        parts: [{ type: 'text', text: 'Let me see.' }],
        error: { code: 'PROVIDER_FAILED' },
      });
      expect(await booked()).toMatchObject({
        outcome: 'failed',
        usage: { source: 'estimated', outputTokens: 3 },
      });
      expect(linesOf('PROVIDER_FAILED').at(-1)).toMatchObject({
        level: 'warn',
        err: { message: expect.stringContaining('tool') },
      });
      expect(linesOf('INTERNAL')).toEqual([]);
    });

    it('without streaming has failed too', async () => {
      const message = { role: 'assistant', content: null, ...toolCall };
      const rawBody = JSON.stringify({ choices: [{ index: 0, message, finish_reason: 'tool_calls' }] });
      servers.one.next({ fail: { status: 200, headers: { 'content-type': 'application/json' }, rawBody } });
      const test = expectStatus(await admin.post(`/api/v1/team-models/${one.id}/test`));
      expect(test).toMatchObject({ ok: false, error: expect.stringContaining(reason) });
    });
  });

  describe('that does not stop', () => {
    it('is ended once it has said far more than it was allowed: what it said is kept and booked', async () => {
      const chunks = Array<string>(3_000).fill('x'.repeat(1_000));
      servers.one.next({ reply: { chunks, chunkDelayMs: 3, usage: null } });
      const { status, text, error, message } = await ask();
      expect(status).toBe(200);
      // 100 tokens were allowed.
      expect(text.length).toBeGreaterThan(4 * 4 * 100);
      expect(text.length).toBeLessThan(100_000);
      expect(error).toMatchObject({
        code: 'PROVIDER_FAILED',
        details: { candidates: [{ reason: 'went on far beyond the length that it was allowed' }] },
      });
      expect(message).toMatchObject({ status: 'failed', parts: [{ type: 'text', text }] });
      expect(await booked()).toMatchObject({
        outcome: 'failed',
        usage: { source: 'estimated', outputTokens: Math.ceil(text.length / 4) },
      });
      await servers.one.requests[0]?.aborted; // the connection is given back
    });

    it('may think for longer than it speaks', async () => {
      const reasoning = 'y'.repeat(400_000);
      servers.one.next({ reply: { reasoning, text: 'Yes.' } });
      const { text, error } = await ask();
      expect({ text, error }).toEqual({ text: 'Yes.', error: undefined });
    });
  });

  describe('that sends more than is read', () => {
    const line = Buffer.alloc(65 * 1024 * 1024, 'x');
    const sse = { 'content-type': 'text/event-stream' };
    const floods: [name: string, listener: RequestListener][] = [
      ['in one line', (_, response) => response.writeHead(200, sse).write(line)],
      [
        'folded small',
        (_, response) => response.writeHead(200, { ...sse, 'content-encoding': 'gzip' }).end(gzipSync(line)),
      ],
    ];

    it.each(floods)('%s is told apart from one that cannot be used, and logged', async (_, listener) => {
      const server = await listen(listener);
      try {
        const team = await createTeam(admin);
        const flood = await addTeamProvider(team, { baseUrl: `${server.url}/v1` }, { name: 'flood' });
        await disableModel(team, 'sandbox/echo');
        await setDefaultModel(team, flood.id);
        const { status, body } = await ask(team);
        expect(status).toBe(502);
        const reason = 'sent more than this server reads of one answer';
        expect(body.error).toMatchObject({ code: 'PROVIDER_FAILED', details: { candidates: [{ reason }] } });
        expect((await booked(team)).attempts).toMatchObject([{ reason }]);
        expect(linesOf('PROVIDER_FAILED').at(-1)).toMatchObject({
          level: 'warn',
          err: { details: { reason: 'response_too_large' } },
        });
      } finally {
        await server.close();
      }
    });
  });

  /** What was logged with a code. */
  const linesOf = (code: string) =>
    app.logs.map((line) => JSON.parse(line)).filter((line) => line.code === code);
});

async function listen(listener: RequestListener): Promise<{ url: string; close: () => Promise<void> }> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on a port
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
