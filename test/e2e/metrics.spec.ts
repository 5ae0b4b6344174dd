import { randomBytes } from 'node:crypto';
import { startTestApp, type TestApp } from '../support/app';
import { addMember, Client, createSession, createTeam, say, signUp } from '../support/client';
import { addTeamProvider, disableModel, expectStatus, setDefaultModel } from '../support/providers';
import { expectRefusal } from '../support/refusals';
import { eventually, openAnswer } from '../support/streams';
import { startWireServer, type WireServer } from '../support/wire';

const token = randomBytes(16).toString('hex');

/* Starting an application takes its time on a busy machine. */
jest.setTimeout(120_000);

describe('GET /metrics without METRICS_TOKEN', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  it('is not there: it answers as an address that never was', async () => {
    const withToken = new Client(app.url, token);
    const answers = [await withToken.get('/metrics'), await withToken.get('/never-was')];
    const [metrics, never] = answers.map((answer) => expectRefusal(answer, 'metrics'));
    expect(metrics).toMatchObject({ code: 'NOT_FOUND', message: never?.message });
    expect(answers.map(({ status }) => status)).toEqual([404, 404]);
  });
});

describe('GET /metrics', () => {
  let app: TestApp;
  let wire: WireServer;
  let owner: Client & { teamId: string };
  let member: Client;
  let providerId: string;

  const operator = () => new Client(app.url, token);
  const read = async () => readSamples((await operator().get('/metrics')).text);

  beforeAll(async () => {
    app = await startTestApp({ METRICS_TOKEN: token });
    wire = await startWireServer('openai');
    owner = await createTeam(await signUp(app));
    member = await addMember(app, owner);
    const model = await addTeamProvider(owner, wire, { name: 'own' });
    providerId = model.providerId;
    await disableModel(owner, 'sandbox/echo');
    await setDefaultModel(owner, model.id);
  });

  afterAll(async () => {
    await app.close();
    await wire.close();
  });

  it.each<[string, Record<string, string>]>([
    ['no token', {}],
    ['another token of that length', { authorization: `Bearer ${'0'.repeat(token.length)}` }],
    ['a part of the token', { authorization: `Bearer ${token.slice(0, -1)}` }],
    ['the token and more', { authorization: `Bearer ${token}0` }],
    ['the token without its scheme', { authorization: token }],
    ['the token in another scheme', { authorization: `Basic ${token}` }],
    ['the token as a cookie', { cookie: `better-auth.session_token=${token}` }],
    ['an empty token', { authorization: 'Bearer ' }],
  ])('refuses %s', async (_, headers) => {
    const response = await fetch(`${app.url}/metrics`, { headers });
    const text = await response.text();
    const answer = { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
    expect(expectRefusal(answer, 'metrics').code).toBe('UNAUTHENTICATED');
    expect(answer.status).toBe(401);
  });

  it('refuses the session of a platform admin, and the token in the address', async () => {
    expect((await owner.get('/metrics')).status).toBe(401);
    expect((await new Client(app.url).get(`/metrics?token=${token}`)).status).toBe(401);
  });

  it("gives Prometheus' text, and keeps it out of caches", async () => {
    const { status, headers, text } = await operator().get('/metrics');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name ?? '');
    expect(names).toEqual(
      expect.arrayContaining(['process_cpu_seconds_total', 'nodejs_eventloop_lag_p99_seconds']),
    );
    for (const name of names.filter((name) => name.startsWith('ai_studio_')))
      expect(text).toMatch(new RegExp(`^# HELP ${name} \\S.+$`, 'm'));
  });

  it('counts what models did, by provider: the endpoints of teams together', async () => {
    const before = await read();
    const sessionId = await createSession(owner);
    wire.next({ reply: { text: 'Fine.', usage: { inputTokens: 100, outputTokens: 30 } } });
    expect((await say(owner, sessionId, { text: 'Well?' })).text).toBe('Fine.');
    wire.next({ fail: { status: 500 } });
    expect((await say(owner, sessionId, { text: 'Well?' })).status).toBe(502);
    const after = await read();
    const grown = (name: string) => (after[name] ?? 0) - (before[name] ?? 0);
    expect({
      completed: grown('ai_studio_executions_total{provider="team",outcome="completed"}'),
      failed: grown('ai_studio_executions_total{provider="team",outcome="failed"}'),
      input: grown('ai_studio_tokens_total{provider="team",direction="input"}'),
      output: grown('ai_studio_tokens_total{provider="team",direction="output"}'),
      answered: grown('ai_studio_provider_attempts_total{provider="team",outcome="answered"}'),
      attemptsFailed: grown('ai_studio_provider_attempts_total{provider="team",outcome="failed"}'),
      firstParts: grown('ai_studio_execution_first_part_seconds_count{provider="team"}'),
    }).toEqual({
      completed: 1,
      failed: 1,
      input: 100,
      output: 30,
      answered: 1,
      attemptsFailed: 1,
      firstParts: 1,
    });
  });

  it('tells how many answers run and who uses the database', async () => {
    wire.next({ reply: { chunks: ['One ', 'two ', 'three'], chunkDelayMs: 150 } });
    const answer = say(owner, await createSession(owner), { text: 'Count' });
    let running = 0;
    while (running === 0) running = (await read())['ai_studio_answers_running'] ?? 0;
    expect(running).toBe(1);
    await answer;
    const samples = await read();
    expect(samples['ai_studio_answers_running']).toBe(0);
    expect(samples['ai_studio_database_connections']).toBeGreaterThan(0);
    expect(samples['ai_studio_database_waiting']).toBe(0);
  });

  it('times requests by the pattern of their route, and counts who was refused', async () => {
    expect((await member.put('/api/v1/team-models/default', { modelId: 'x' })).status).toBe(403);
    expect((await owner.get(`/api/v1/chat/sessions/${owner.teamId}`)).status).toBe(404);
    expect((await owner.query('aiProviders.find')).status).toBe(200);
    expect((await owner.get(`/${token}`)).status).toBe(404);
    const samples = await read();
    const requests = (method: string, route: string, status: string) =>
      samples[`ai_studio_http_request_seconds_count{method="${method}",route="${route}",status="${status}"}`];
    expect(requests('PUT', '/api/v1/team-models/default', '4xx')).toBe(1);
    expect(requests('GET', '/api/v1/chat/sessions/:sessionId', '4xx')).toBe(1);
    expect(requests('GET', 'none', '4xx')).toBe(1);
    expect(Object.keys(samples).filter((name) => name.includes('route="/trpc/'))).not.toEqual([]);
    expect(samples['ai_studio_refused_attempts_total{code="FORBIDDEN"}']).toBe(1);
  });

  it('tells of an answer that was cut, once, and apart from those that went out', async () => {
    wire.next({ reply: { chunks: ['One ', 'two ', 'three'], chunkDelayMs: 150 } });
    const sessionId = await createSession(owner);
    const [before, logged] = [await read(), app.logs.length];
    const answer = await openAnswer(owner, sessionId, { text: 'Count' });
    await answer.readWords(1);
    answer.hangUp();
    await expect(answer.readAll()).rejects.toThrow();
    const route = '/api/v1/chat/sessions/:sessionId/messages';
    const linesOf = () =>
      app.logs.slice(logged).flatMap((line) => (line.includes(`"url":"${route}"`) ? [JSON.parse(line)] : []));
    await eventually(async () => linesOf().length > 0);
    expect((await say(owner, await createSession(owner), { text: 'Again' })).status).toBe(200);
    expect(linesOf()).toEqual([
      expect.objectContaining({ msg: 'request', method: 'POST', status: 200, cut: true }),
      expect.not.objectContaining({ cut: expect.anything() }),
    ]);
    const after = await read();
    const grown = (status: string) => {
      const name = `ai_studio_http_request_seconds_count{method="POST",route="${route}",status="${status}"}`;
      return (after[name] ?? 0) - (before[name] ?? 0);
    };
    expect([grown('cut'), grown('2xx')]).toEqual([1, 1]);
  });

  it('tells of a request whose client did not wait for the answer, of which there is no status then', async () => {
    wire.next({ reply: { chunks: ['Late'], chunkDelayMs: 400 } });
    const sessionId = await createSession(owner);
    const logged = app.logs.length;
    const signal = AbortSignal.timeout(100);
    const path = `/api/v1/chat/sessions/${sessionId}/messages`;
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ text: 'Well?' });
    await expect(owner.fetch(path, { method: 'POST', headers, body, signal })).rejects.toThrow();
    const line = await eventually(async () => app.logs.slice(logged).find((text) => text.includes('"cut"')));
    const told = JSON.parse(line);
    expect(told).toMatchObject({ msg: 'request', method: 'POST', cut: true, ms: expect.any(Number) });
    expect(told).not.toHaveProperty('status');
  });

  it('names no team, person, endpoint or token', async () => {
    expectStatus(await owner.get('/api/v1/providers'));
    const { text } = await operator().get('/metrics');
    expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
    for (const word of [
      owner.teamId,
      owner.userId!,
      owner.email!,
      owner.token!,
      providerId,
      token,
      wire.origin,
    ])
      expect(text).not.toContain(word);
  });
});

/** Samples by name and labels, as they are written. */
function readSamples(text: string): Record<string, number> {
  const lines = text.split('\n').filter((line) => line && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ]),
  );
}
