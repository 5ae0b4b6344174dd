import { randomBytes } from 'node:crypto';
import { startTestApp, type TestApp } from '../support/app';
import { createSession, createTeam, say, signUp, type Client } from '../support/client';
import {
  dumpDatabase,
  expectStatus,
  findLeaks,
  listExecutions,
  modelPath,
  RecordingClient,
  setDefaultModel,
  setTitles,
} from '../support/providers';
import { startWireServer, type WireKind, type WireRequest, type WireServer } from '../support/wire';

interface Case {
  name: string;
  wire: WireKind;
  modelKey: string;
  /** Where the key travels. */
  header: string;
  prefix: string;
  /** Where the call's settings stand in a request. */
  settings: (body: Body) => { temperature?: number; maxOutputTokens?: number };
  usage: {
    inputTokens: number;
    cachedInputTokens: number;
    cacheWriteTokens?: number;
    outputTokens: number;
    reasoningTokens: number;
  };
}

// oxlint-disable-next-line typescript/no-explicit-any -- four providers, four shapes
type Body = any;

const usage = { inputTokens: 100, cachedInputTokens: 40, outputTokens: 30, reasoningTokens: 10 };

const cases: Case[] = [
  {
    name: 'openai',
    wire: 'openai',
    modelKey: 'gpt-4.1-mini',
    header: 'authorization',
    prefix: 'Bearer ',
    settings: ({ temperature, max_output_tokens }) => ({ temperature, maxOutputTokens: max_output_tokens }),
    usage,
  },
  {
    name: 'anthropic',
    wire: 'anthropic',
    modelKey: 'claude-haiku-4-5',
    header: 'x-api-key',
    prefix: '',
    settings: ({ temperature, max_tokens }) => ({ temperature, maxOutputTokens: max_tokens }),
    usage: { ...usage, cacheWriteTokens: 20 },
  },
  {
    name: 'google',
    wire: 'google',
    modelKey: 'gemini-2.5-flash',
    header: 'x-goog-api-key',
    prefix: '',
    settings: ({ generationConfig: { temperature, maxOutputTokens } }) => ({ temperature, maxOutputTokens }),
    usage,
  },
  {
    name: "a team's own",
    wire: 'openai',
    modelKey: 'meta-llama/Llama-3.1-8B',
    header: 'authorization',
    prefix: 'Bearer ',
    settings: ({ temperature, max_tokens }) => ({ temperature, maxOutputTokens: max_tokens }),
    usage,
  },
];

describe('providers on the wire', () => {
  let app: TestApp;
  let platformAdmin: Client & { teamId: string };

  beforeAll(async () => {
    app = await startTestApp();
    platformAdmin = await createTeam(await signUp(app));
  }, 60_000);

  afterAll(() => app.close());

  describe.each(cases)('$name', ({ name, wire, modelKey, header, prefix, settings, usage: reported }) => {
    const key = `sk-${randomBytes(16).toString('hex')}`;
    const requests: WireRequest[] = [];
    let server: WireServer;
    let admin: RecordingClient;
    let providerId: string;
    let ref: string;

    const ask = async (body: object) => say(admin, await createSession(admin), body);

    beforeAll(async () => {
      server = await startWireServer(wire, { expectKey: key });
      admin = new RecordingClient(await createTeam(platformAdmin));
      await setTitles(admin, false);
      if (name === "a team's own") {
        const models = [{ modelKey, displayName: 'Llama' }];
        const body = { displayName: 'Own', baseUrl: server.baseUrl, models };
        providerId = expectStatus(await admin.post('/api/v1/team-providers', body), 201).id;
      } else {
        providerId = name;
        expectStatus(await admin.patch(`/api/v1/providers/${name}`, { baseUrl: server.baseUrl }));
        expectStatus(
          await admin.post('/api/v1/models', { providerId, modelKey, displayName: modelKey }),
          201,
        );
      }
      ref = `${providerId}/${modelKey}`;
      expectStatus(await admin.put(`/api/v1/tokens/${providerId}`, { token: key }));
      expectStatus(
        await admin.patch(modelPath(ref), {
          enabled: true,
          settings: { temperature: 0.25, maxOutputTokens: 321 },
        }),
      );
      expectStatus(await admin.patch(modelPath('sandbox/echo'), { enabled: false }));
      await setDefaultModel(admin, ref);
    });

    afterEach(() => {
      requests.push(...server.requests);
      server.reset();
    });

    afterAll(() => server.close());

    it('reports a key that the provider refuses, and fails the message with a safe reason', async () => {
      const wrong = `sk-${randomBytes(16).toString('hex')}`;
      expectStatus(await admin.put(`/api/v1/tokens/${providerId}`, { token: wrong }));
      try {
        const test = expectStatus(await admin.post(`/api/v1/tokens/${providerId}/test`));
        expect(test).toMatchObject({ ok: false, error: expect.stringContaining('rejected the key') });
        const answer = await ask({ text: 'Hello' });
        expect(answer.status).toBe(502);
        expect(answer.body.error).toMatchObject({
          code: 'PROVIDER_FAILED',
          details: { candidates: [{ providerId, modelRef: ref }] },
        });
        expect(answer.body.error.details.candidates[0].reason).toContain('rejected the key');
      } finally {
        expectStatus(await admin.put(`/api/v1/tokens/${providerId}`, { token: key }));
      }
    });

    it('passes on nothing that the provider says when it fails before the answer', async () => {
      server.next(
        { fail: { status: 403, message: `Key ${key} may not do this` } },
        { fail: { status: 500, rawBody: key } },
      );
      for (const status of [403, 500]) {
        const answer = await ask({ text: 'Hello' });
        expect(answer.status).toBe(502);
        const set = status === 403 ? { set: `PUT /api/v1/tokens/${providerId}` } : {};
        expect(answer.body.error.details.candidates).toEqual([
          { providerId, modelRef: ref, status, reason: expect.stringContaining(`(${status})`), ...set },
        ]);
      }
      server.next({ fail: { status: 401, message: `Incorrect API key provided: ${key}` } });
      const test = expectStatus(await admin.post(`${modelPath(ref)}/test`));
      expect(test).toMatchObject({ ok: false, error: expect.stringContaining('rejected the key (401)') });
    });

    it('passes on nothing that the provider says when it fails in the middle of the answer', async () => {
      server.next({
        reply: {
          chunks: ['So ', 'far '],
          errorAfterChunks: { n: 2, message: `Your key ${key} has expired` },
        },
      });
      const answer = await ask({ text: 'Hello' });
      expect(answer.status).toBe(200);
      expect(answer.text).toBe('So far ');
      const error = answer.chunks.find(({ type }) => type === 'error');
      expect(JSON.parse(String(error?.errorText))).toMatchObject({ error: { code: 'PROVIDER_FAILED' } });
    });

    it('streams the answer, and sends the key in its header only', async () => {
      const answer = await ask({ text: 'How are you?' });
      expect(answer.text).toBe('echo: How are you?');
      const call = server.requests.at(-1);
      expect(call?.headers[header]).toBe(`${prefix}${key}`);
      expect(JSON.stringify(call?.body)).toContain('do not invent facts about the company');
      const { [header]: _, ...others } = call?.headers ?? {};
      expect(
        findLeaks(key, { rest: JSON.stringify([call?.method, call?.path, others, call?.rawBody]) }),
      ).toEqual([]);
    });

    it('is tried without streaming by POST /team-models/:modelId/test', async () => {
      server.next({ reply: { text: 'All is well.' } });
      const test = expectStatus(await admin.post(`${modelPath(ref)}/test`, { prompt: 'Are you there?' }));
      expect(test).toEqual({ ok: true, latencyMs: expect.any(Number), text: 'All is well.' });
      const [call] = server.requests;
      expect(call?.rawBody).toContain('Are you there?');
      expect(call?.path).not.toContain('stream');
      expect((call!.body as Body).stream ?? false).toBe(false);
      expect((await listExecutions(admin))[0]).toMatchObject({
        appId: 'aiStudio',
        modelRef: ref,
        outcome: 'completed',
      });
    });

    it('takes the key in POST /tokens/:providerId/test, without calling a model', async () => {
      const test = expectStatus(await admin.post(`/api/v1/tokens/${providerId}/test`));
      expect(test).toEqual({ ok: true, latencyMs: expect.any(Number) });
      expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
        expect.stringMatching(/^GET .*\/models/),
      ]);
    });

    it("gets the team's settings with every call", async () => {
      await ask({ text: 'Hello' });
      await admin.post(`${modelPath(ref)}/test`);
      expect(server.requests).toHaveLength(2);
      for (const { body } of server.requests)
        expect(settings(body)).toEqual({ temperature: 0.25, maxOutputTokens: 321 });
    });

    it('has its tokens booked by class as it reported them, streamed or not', async () => {
      server.always({ reply: { text: 'Done.', reasoning: 'Let me think.', usage: reported } });
      await ask({ text: 'Hello' });
      await admin.post(`${modelPath(ref)}/test`);
      const [whole, streamed] = await listExecutions(admin);
      expect([whole.appId, streamed.appId]).toEqual(['aiStudio', 'chat']);
      for (const execution of [whole, streamed]) {
        expect(execution.usage).toMatchObject({ ...reported, source: 'provider' });
      }
    });

    it('has its key shown masked, and nowhere else at all', async () => {
      const { items } = expectStatus(await admin.get('/api/v1/tokens'));
      expect(items).toEqual([
        {
          id: expect.any(String),
          providerId,
          last4: key.slice(-4),
          fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
          status: 'usable',
          createdAt: expect.any(String),
          updatedAt: expect.any(String),
          lastUsedAt: expect.any(String),
        },
      ]);
      const witness = `witness-${randomBytes(8).toString('hex')}`;
      await ask({ text: witness });
      const places = {
        answers: admin.answers.join('\n'),
        logs: app.logs.join('\n'),
        database: await dumpDatabase(app),
      };
      expect(findLeaks(key, places)).toEqual([]);
      // The search does find what is there.
      expect(findLeaks(witness, places).map((leak) => leak.split(':')[0])).toEqual(['answers', 'database']);
      expect(findLeaks(items[0].fingerprint, places)).not.toEqual([]);
      // The provider did echo the key: the tests above were about something.
      expect(requests.length).toBeGreaterThan(8);
    });
  });

  it('keeps keys as ciphertext', async () => {
    const dump = await dumpDatabase(app);
    const rows = dump.split('\n').filter((line) => line.startsWith('ai_team_token '));
    expect(rows).toHaveLength(cases.length);
    const sealed = rows.map((row) => /\\\\x([0-9a-f]+)/.exec(row)?.[1] ?? '');
    // Version, suite, id of the data key, salt, commitment, nonce, then as many bytes as the key has, and the tag.
    const bytes = 1 + 1 + 16 + 32 + 32 + 12 + 'sk-'.length + 32 + 16;
    for (const hex of sealed) expect(hex).toMatch(new RegExp(`^0101[0-9a-f]{${2 * bytes - 4}}$`));
    expect(new Set(sealed.map((hex) => hex.slice(36))).size).toBe(cases.length);
  });

  it('logs what happened, in JSON lines', () => {
    expect(app.logs.length).toBeGreaterThan(100);
    for (const line of app.logs) expect(JSON.parse(line)).toHaveProperty('level');
  });
});
