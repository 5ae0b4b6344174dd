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
import { startWireServer, type WireBehaviour, type WireServer } from '../support/wire';

const html = '<!doctype html><title>Gateway</title>';

/** What may go wrong before an answer begins, and what is said of it. */
const givesWay: [name: string, behaviour: WireBehaviour, status: number | undefined, reason: RegExp][] = [
  ['refuses the key', { fail: { status: 401 } }, 401, /rejected the key/],
  ['wants payment', { fail: { status: 402 } }, 402, /payment/],
  ['does not know the model', { fail: { status: 404 } }, 404, /does not know the model/],
  ['is out of quota', { fail: { status: 429, headers: { 'retry-after': '30' } } }, 429, /quota or too busy/],
  ['fails', { fail: { status: 500 } }, 500, /failed \(500\)/],
  ['is overloaded', { fail: { status: 529 } }, 529, /overloaded/],
  ['answers with a web page and 503', { fail: { status: 503, rawBody: html } }, 503, /failed \(503\)/],
  [
    'answers with a web page and 200',
    { fail: { status: 200, rawBody: html } },
    undefined,
    /could not be read/,
  ],
  ['drops the connection', { drop: true }, undefined, /connection was lost/],
  ['stays silent', { hang: true }, undefined, /did not begin to answer within 1000 ms/],
  [
    'is cut before the first word',
    { reply: { cutAfterChunks: 0 } },
    undefined,
    /nothing that could be read|connection was lost/,
  ],
  [
    'reports an error before the first word',
    { reply: { errorAfterChunks: { n: 0, message: 'no' } } },
    undefined,
    /reported an error/,
  ],
];

describe('fallback', () => {
  let app: TestApp;
  let owner: Client & { teamId: string };
  let admin: Client & { teamId: string };
  let servers: { one: WireServer; two: WireServer };
  let one: UsableModel;
  let two: UsableModel;

  beforeAll(async () => {
    app = await startTestApp();
    owner = await createTeam(await signUp(app));
    servers = { one: await startWireServer('openai'), two: await startWireServer('openai') };
    admin = await createTeam(owner);
    one = await addTeamProvider(admin, servers.one, {
      name: 'one',
      settings: { temperature: 0.1, maxOutputTokens: 111, firstPartTimeoutMs: 1_000 },
    });
    two = await addTeamProvider(admin, servers.two, {
      name: 'two',
      settings: { temperature: 0.2, maxOutputTokens: 222, firstPartTimeoutMs: 2_000 },
    });
    await disableModel(admin, 'sandbox/echo');
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

  const ask = async (body: object = {}) => {
    const sessionId = await createSession(admin);
    const answer = await say(admin, sessionId, { text: 'Hello', ...body });
    return { ...answer, sessionId };
  };

  const lastMessage = async (sessionId: string): Promise<Answer['body']> =>
    expectStatus(await admin.get(`/api/v1/chat/sessions/${sessionId}/messages`)).items.at(-1);

  describe('is refused', () => {
    it.each([
      [400, 'refused the request (400)'],
      [413, 'says the request is too large (413)'],
      [422, 'refused the request (422)'],
    ])('where the request itself is to blame (%i): no other model is asked', async (status, reason) => {
      servers.one.next({ fail: { status, message: 'bad' } });
      const { status: answered, body } = await ask();
      expect(answered).toBe(502);
      expect(body.error).toMatchObject({
        code: 'PROVIDER_FAILED',
        details: { candidates: [{ modelRef: one.ref, status, reason }] },
      });
      expect(servers.two.requests).toEqual([]);
      const [execution] = await listExecutions(admin);
      expect(execution).toMatchObject({
        outcome: 'failed',
        attempts: [{ modelRef: one.ref, outcome: 'failed', status, reason }],
      });
    });

    it('once an answer has begun: a cut keeps what was said, and the error says what happened', async () => {
      servers.one.next({ reply: { chunks: ['Once ', 'upon ', 'a time'], cutAfterChunks: 2 } });
      const { status, text, chunks, sessionId } = await ask();
      expect(status).toBe(200);
      expect(text).toBe('Once upon ');
      const error = chunks.find(({ type }) => type === 'error');
      const parsed = JSON.parse(String(error?.errorText));
      expect(parsed.error).toMatchObject({
        code: 'PROVIDER_FAILED',
        message: expect.stringContaining('connection was lost'),
      });
      expect(await lastMessage(sessionId)).toMatchObject({
        status: 'failed',
        modelRef: one.ref,
        parts: [{ type: 'text', text: 'Once upon ' }],
        error: { code: 'PROVIDER_FAILED' },
      });
      expect(servers.two.requests).toEqual([]);
      const [execution] = await listExecutions(admin);
      expect(execution).toMatchObject({
        outcome: 'failed',
        modelRef: one.ref,
        attempts: [{ outcome: 'answered' }],
      });
      // Nothing was reported: what was sent and received is counted.
      expect(execution.usage).toMatchObject({ source: 'estimated', outputTokens: 3 });
      expect(execution.usage.inputTokens).toBeGreaterThan(50);
    });

    it('once an answer has begun: an error event too', async () => {
      servers.one.next({
        reply: { chunks: ['Once ', 'upon'], errorAfterChunks: { n: 1, message: 'secret words' } },
      });
      const { text, chunks, sessionId } = await ask();
      expect(text).toBe('Once ');
      const error = JSON.parse(String(chunks.find(({ type }) => type === 'error')?.errorText)).error;
      expect(error.code).toBe('PROVIDER_FAILED');
      expect(JSON.stringify(error)).not.toContain('secret words');
      expect(await lastMessage(sessionId)).toMatchObject({
        status: 'failed',
        parts: [{ type: 'text', text: 'Once ' }],
      });
      expect(servers.two.requests).toEqual([]);
      expect((await listExecutions(admin))[0]).toMatchObject({
        outcome: 'failed',
        usage: { source: 'estimated' },
      });
    });

    it('where an admin tries one model: only that one is asked', async () => {
      servers.one.next({ fail: { status: 500 } });
      const test = expectStatus(await admin.post(`/api/v1/team-models/${one.id}/test`));
      expect(test).toMatchObject({ ok: false, error: expect.stringContaining(`${one.ref} failed (500)`) });
      expect(servers.two.requests).toEqual([]);
    });
  });

  describe('where all fail', () => {
    it('says why, one safe reason a candidate, and the conversation goes on afterwards', async () => {
      servers.one.next({ fail: { status: 401, message: 'sk-one-0123456789 is wrong' } });
      servers.two.next({ fail: { status: 500, rawBody: html } });
      const { status, body, sessionId } = await ask();
      expect(status).toBe(502);
      const keyOfOne = `PUT /api/v1/tokens/${one.providerId}`;
      expect(body.error.message).toContain(
        `${one.ref} rejected the key (401) [${keyOfOne}]; ${two.ref} failed`,
      );
      expect(body.error).toMatchObject({
        code: 'PROVIDER_FAILED',
        requestId: expect.any(String),
        details: {
          candidates: [
            {
              providerId: one.providerId,
              modelRef: one.ref,
              status: 401,
              reason: 'rejected the key (401)',
              set: keyOfOne,
            },
            { providerId: two.providerId, modelRef: two.ref, status: 500, reason: 'failed (500)' },
          ],
          set: keyOfOne,
        },
      });
      expect(await lastMessage(sessionId)).toMatchObject({
        role: 'assistant',
        status: 'failed',
        parts: [],
        error: { code: 'PROVIDER_FAILED' },
      });
      const [execution] = await listExecutions(admin);
      expect(execution).toMatchObject({
        outcome: 'failed',
        usage: { source: 'unknown', inputTokens: null, outputTokens: null },
      });
      expect(execution.attempts).toHaveLength(2);

      const again = await say(admin, sessionId, { text: 'Once more' });
      expect(again.text).toBe('echo: Once more');
      expect((await lastMessage(sessionId)).status).toBe('complete');
    });

    it('names no switch where none is sure to help', async () => {
      servers.one.next({ fail: { status: 404 } });
      servers.two.next({ fail: { status: 500 } });
      const { details, message } = (await ask()).body.error;
      expect(details).toEqual({
        candidates: [expect.objectContaining({ status: 404 }), expect.objectContaining({ status: 500 })],
      });
      expect(JSON.stringify(details)).not.toContain('"set"');
      expect(message).toContain('Try again');
    });

    it('says it in time where all stay silent', async () => {
      servers.one.next({ hang: true });
      servers.two.next({ hang: true });
      const startedAt = performance.now();
      const { status, body } = await ask();
      expect(status).toBe(502);
      expect(body.error.details.candidates).toHaveLength(2);
      expect(performance.now() - startedAt).toBeLessThan(20_000);
      // The provider is hung up on: no connection stays behind.
      await Promise.all([...servers.one.requests, ...servers.two.requests].map(({ aborted }) => aborted));
    });
  });

  describe.each(givesWay)('where the first model %s', (_, behaviour, status, reason) => {
    it('lets the second answer, and records both', async () => {
      servers.one.next(behaviour);
      const { text, chunks, sessionId } = await ask();
      expect(text).toBe('echo: Hello');
      expect(chunks.filter(({ type }) => type === 'error')).toEqual([]);
      expect(await lastMessage(sessionId)).toMatchObject({ status: 'complete', modelRef: two.ref });
      const [execution] = await listExecutions(admin);
      expect(execution).toMatchObject({
        outcome: 'completed',
        providerId: two.providerId,
        modelRef: two.ref,
        usage: { inputTokens: 12, outputTokens: 7, source: 'provider' },
        attempts: [
          {
            providerId: one.providerId,
            modelRef: one.ref,
            outcome: 'failed',
            reason: expect.stringMatching(reason),
            ms: expect.any(Number),
          },
          { providerId: two.providerId, modelRef: two.ref, outcome: 'answered', ms: expect.any(Number) },
        ],
      });
      expect(execution.attempts[0].status).toBe(status);
      expect(JSON.stringify(execution)).not.toContain('Gateway');
    });
  });

  it('asks each model with its own settings and its own key', async () => {
    servers.one.next({ fail: { status: 500 } });
    await ask();
    expect(servers.one.requests).toMatchObject([
      {
        headers: { authorization: 'Bearer sk-one-0123456789' },
        body: { model: 'one-model', temperature: 0.1, max_tokens: 111 },
      },
    ]);
    expect(servers.two.requests).toMatchObject([
      {
        headers: { authorization: 'Bearer sk-two-0123456789' },
        body: { model: 'two-model', temperature: 0.2, max_tokens: 222 },
      },
    ]);
  });

  it('asks each model once: what retries is the order of models, not one model', async () => {
    servers.one.always({ fail: { status: 503 } });
    expect((await ask()).text).toBe('echo: Hello');
    expect(servers.one.requests).toHaveLength(1);
  });

  it('begins with the model that was asked for, then goes on in the order', async () => {
    servers.two.next({ fail: { status: 500 } });
    expect((await ask({ modelId: two.ref })).text).toBe('echo: Hello');
    const [execution] = await listExecutions(admin);
    expect(execution).toMatchObject({
      modelRef: one.ref,
      attempts: [{ modelRef: two.ref }, { modelRef: one.ref }],
    });
  });

  it('notes the use of the key that answered, not of the one that was passed over', async () => {
    const team = await createTeam(owner);
    const first = await addTeamProvider(team, servers.one, { name: 'first' });
    const second = await addTeamProvider(team, servers.two, { name: 'second' });
    await disableModel(team, 'sandbox/echo');
    await setDefaultModel(team, first.id);
    servers.one.next({ fail: { status: 500 } });
    await say(team, await createSession(team), { text: 'Hello' });
    const { items } = expectStatus(await team.get('/api/v1/tokens'));
    const lastUse = (providerId: string) =>
      items.find((token: { providerId: string }) => token.providerId === providerId).lastUsedAt;
    expect(lastUse(first.providerId)).toBeNull();
    expect(lastUse(second.providerId)).toEqual(expect.any(String));
  });

  it('counts what was said where the provider reports no usage', async () => {
    servers.one.next({ reply: { text: 'x'.repeat(40), usage: null } });
    await ask();
    expect((await listExecutions(admin))[0]).toMatchObject({
      outcome: 'completed',
      usage: { source: 'estimated', outputTokens: 10, cachedInputTokens: null },
    });
  });
});
