import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { startTestApp, type TestApp } from '../support/app';
import { Client, createSession, createTeam, signUp, type Answer } from '../support/client';
import { watchIntervals } from '../support/intervals';
import { exchange, sendInTwo } from '../support/raw-http';
import { expectRefusal, listFaults } from '../support/refusals';
import { eventually, openAnswer, slowly } from '../support/streams';

/* Starting an application takes its time on a busy machine. */
jest.setTimeout(120_000);

/* What `npm run prove:input` once found, each as it was when it was made as small as it gets. */
describe('what once came in and was not refused as it should be', () => {
  let app: TestApp;
  let admin: Client & { teamId: string };

  beforeAll(async () => {
    app = await startTestApp();
    admin = await createTeam(await signUp(app));
  });

  afterAll(() => app.close());

  /** A request of the admin up to its body, as it is sent. */
  function toHead(line: string, headers: string[]): string {
    const credentials = Object.entries(admin.headers()).map(([name, value]) => `${name}: ${value}`);
    return [`${line} HTTP/1.1`, ...credentials, ...headers, '', ''].join('\r\n');
  }

  function openConnection(): Socket {
    const { hostname, port } = new URL(app.url);
    return connect(Number(port), hostname);
  }

  /** Sends lines as they are: `fetch` would put them right. */
  async function speak(method: string, path: string, headers: string[], body = ''): Promise<Answer> {
    const head = toHead(`${method} ${path}`, ['connection: close', ...headers]);
    const { outcome, ...answer } = await exchange(app.url, Buffer.from(head + body), {
      method,
      timeoutMs: 5_000,
    });
    expect(outcome).toBe('answered');
    return { ...answer, body: JSON.parse(answer.text) };
  }

  const refusedAs = (answer: Answer) => {
    expect(answer.headers.get('content-type')).toContain('application/json');
    return expectRefusal(answer, answer.text).code;
  };

  it.each(['/api/v1/agents', '/trpc/aiAgents.find', '/health/live', '/nothing'])(
    'a request without Host, to which Node answers nothing but 400: %s',
    async (path) => {
      const answer = await speak('GET', path, []);
      expect([answer.status, refusedAs(answer)]).toEqual([400, 'VALIDATION_FAILED']);
    },
  );

  it.each(['nonsense', ''])(
    'an expectation that nobody knows, to which Node answers nothing but 417: "%s"',
    async (expectation) => {
      const answer = await speak('GET', '/api/v1/agents', ['host: x', `expect: ${expectation}`]);
      expect([answer.status, answer.body]).toEqual([200, { items: [] }]);
    },
  );

  it('a batch of queries and mutations, which tRPC refuses without a request id, as text', async () => {
    const answer = await admin.post('/trpc/aiAgents.find,chat.createSession?batch=1', { 0: {}, 1: {} });
    expect([answer.status, refusedAs(answer)]).toEqual([400, 'VALIDATION_FAILED']);
    expect(app.logs.filter((line) => line.includes('"type":"unknown"')).at(-1)).toContain(
      `"requestId":"${answer.headers.get('x-request-id')}"`,
    );
  });

  it('a batch whose names are longer than a path may be, whose refusal said that it was our fault', async () => {
    const names = Array.from({ length: 400 }, () => 'apiKeys.find').join(',');
    const answer = await speak('GET', `/trpc/${names}?batch=1&input=%7B%7D`, ['host: x']);
    expect([answer.status, refusedAs(answer)]).toEqual([400, 'VALIDATION_FAILED']);
  });

  it('TRACE, at which tRPC fails', async () => {
    const headers = ['host: x', 'content-type: application/json', 'content-length: 2'];
    const answer = await speak('TRACE', '/trpc/aiAgents.update', headers, '{}');
    expect([answer.status, refusedAs(answer)]).toEqual([400, 'VALIDATION_FAILED']);
  });

  it.each(['{"a":', '['])('a body for accounts that is nested 20,000 deep: %s', async (open) => {
    const close = open === '[' ? ']' : '}';
    const body = `{"name":${open.repeat(20_000)}1${close.repeat(20_000)}}`;
    const headers = { 'content-type': 'application/json' };
    const response = await admin.fetch('/api/auth/organization/create', { method: 'POST', headers, body });
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: { code: 'VALIDATION_FAILED', message: expect.stringContaining('nested deeper') } },
    ]);
  });

  it('100,000 unknown fields, whose refusal was eight times as long as they', async () => {
    const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, 0]));
    const answer = await admin.post('/api/v1/models', many);
    expect(refusedAs(answer)).toBe('VALIDATION_FAILED');
    expect(answer.text.length).toBeLessThan(3_000);
  });

  it('a hundred faults, of which the first twenty are told and the rest counted', async () => {
    const models = Array.from({ length: 100 }, () => ({ modelKey: 'm'.repeat(500), displayName: 'x' }));
    const answer = await admin.post('/api/v1/team-providers', { displayName: 'x', baseUrl: 'x', models });
    expect(expectRefusal(answer, 'many').details).toEqual({
      fields: Array.from({ length: 20 }, () => expect.anything()),
      omitted: 80,
    });
    const long = await admin.post('/api/v1/agents', { ['x'.repeat(500_000)]: 1 });
    expect(refusedAs(long)).toBe('VALIDATION_FAILED');
    expect(long.text.length).toBeLessThan(3_000);
  });

  it('half a million items of a list, each of which was looked at: nothing else was answered for many seconds', async () => {
    const models = Array(60_000).fill(0);
    const startedAt = performance.now();
    const answer = await admin.post('/api/v1/team-providers', { displayName: 'x', baseUrl: 'x', models });
    expect(expectRefusal(answer, 'many').details).toEqual({
      fields: [{ field: 'models', problem: 'must have at most 50000 items' }],
    });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it.each<[string, string, object]>([
    ['PUT', '/api/v1/app-config/aiStudio/me', { config: { a: Array(60_000).fill(0) } }],
    ['PUT', '/api/v1/team-models/order', { modelIds: Array(60_000).fill('') }],
    ['POST', '/trpc/aiTeamModels.reorder', { modelIds: Array(60_000).fill('') }],
    [
      'POST',
      '/api/auth/organization/invite-member',
      { email: 'a@example.com', role: Array(101).fill('admin') },
    ],
    ['POST', '/api/auth/organization/create', { name: 'x', slug: 'x', metadata: { a: 'x'.repeat(10_000) } }],
    ['POST', '/api/auth/organization/update', { data: { metadata: { a: 'x'.repeat(10_000) } } }],
  ])(
    'more than anything has, which was looked at one by one, or stored: %s %s',
    async (method, path, body) => {
      const answer = await admin.call(method, path, body);
      expect(refusedAs(answer)).toBe('VALIDATION_FAILED');
      expect(answer.text).toMatch(/must have at most [\d,]+ (?:items|characters)/);
    },
  );

  const thirteen = (list: string) =>
    `{${Array.from({ length: 13 }, (_, index) => `"f${index}":[${list}]`).join(',')}}`;
  const lists = (count: number, item: string) => Array(count).fill(item).join(',');

  it.each([
    ['hundreds of thousands of small objects', thirteen(lists(49_000, '{}'))],
    ['many deep lists', thirteen(lists(1_900, '['.repeat(36) + ']'.repeat(36)))],
  ])('%s, each within its bounds, that held all others up', async (_what, body) => {
    const calls = Array(50).fill('app.saveUserAppTeamConfig').join(',');
    for (const [path, sent] of [
      ['/api/v1/agents', body],
      ['/api/v1/app-config/aiStudio/me', `{"config":${body}}`],
      ['/trpc/app.saveUserAppTeamConfig', `{"appId":"aiStudio","config":${body}}`],
      [`/trpc/${calls}?batch=1`, `{"0":{"appId":"aiStudio","config":${body}}}`],
    ] as const) {
      const answer = await sendJson(path, sent);
      expect({ path, ...answer }).toEqual({
        path,
        status: 400,
        text: expect.stringContaining('must have at most 50000 lists and objects'),
      });
    }
  });

  it('hundreds of thousands of numbers, over many lists', async () => {
    const answer = await sendJson('/api/v1/agents', thirteen(lists(20_000, '0')));
    expect(answer).toEqual({
      status: 400,
      text: expect.stringContaining('must have at most 250000 values'),
    });
  });

  it('what is in a field that nobody asked for, which was looked through first', async () => {
    const answer = await admin.post('/api/v1/agents', { asked: [{ constructor: 1 }] });
    expect(expectRefusal(answer, 'asked').details).toEqual({
      fields: [{ field: 'asked', problem: 'is not a known field' }],
    });
  });

  it('a megabyte for a route of accounts, none of which needs more than a picture', async () => {
    const image = (length: number) => `{"image":"${'x'.repeat(length)}"}`;
    expect((await sendJson('/api/auth/update-user', image(100_000))).status).toBe(200);
    for (const length of [100_001, 300_000, 1_900_000]) {
      const { status, text } = await sendJson('/api/auth/update-user', image(length));
      expect([status, text]).toEqual([400, expect.stringContaining('VALIDATION_FAILED')]);
      if (length > 200_000) expect(text).toContain('The body is too large');
    }
    expect((await sendJson('/api/auth/update-user', '{"image":null}')).status).toBe(200);
  });

  async function sendJson(path: string, body: string): Promise<{ status: number; text: string }> {
    const response = await admin.fetch(path, {
      method: path.includes('app-config') ? 'PUT' : 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    return { status: response.status, text: await response.text() };
  }

  it.each(['limit=-1', 'offset=x', 'sortBy=nothing', 'filterField=role&filterValue=a&filterOperator=in'])(
    'a list of members that the database, or Better Auth, would fail at: %s',
    async (query) => {
      expect(refusedAs(await admin.get(`/api/auth/organization/list-members?${query}`))).toBe(
        'VALIDATION_FAILED',
      );
    },
  );

  it.each([{}, { unknown: 1 }])('a change of a team that changes nothing: %j', async (data) => {
    const body = { organizationId: admin.teamId, data };
    expect(refusedAs(await admin.post('/api/auth/organization/update', body))).toBe('VALIDATION_FAILED');
  });

  it.each([
    ['of 10,000 characters, which the refusal repeated', 'x'.repeat(10_000)],
    ['of many, most of which are none', ['member', 'x'.repeat(10_000)]],
    ['beside a right one', 'member,nobody'],
  ])('a role that is none, %s', async (_what, role) => {
    const body = { email: 'invited@example.com', role, organizationId: admin.teamId };
    const answer = await admin.post('/api/auth/organization/invite-member', body);
    expect(refusedAs(answer)).toBe('VALIDATION_FAILED');
    expect(answer.text.length).toBeLessThan(1_000);
  });

  it.each([{ name: null }, { name: 5 }, { name: {} }, { image: ['x'] }])(
    'a name that is no text, at which the database failed, or which it took as one: %j',
    async (body) => {
      const answer = await admin.post('/api/auth/update-user', body);
      expect([answer.status, refusedAs(answer)]).toEqual([400, 'VALIDATION_FAILED']);
    },
  );

  it("a field's name of half a million characters, which the refusal repeated", async () => {
    const additionalParams = { ['x'.repeat(500_000)]: 1 };
    const answer = await admin.post('/api/auth/sign-in/social', { provider: 'github', additionalParams });
    expect(refusedAs(answer)).toBe('VALIDATION_FAILED');
    expect(answer.text.length).toBeLessThan(1_000);
  });

  it('a team for a session that ends at the same moment, at which Better Auth failed', async () => {
    const statuses = new Set<number>();
    for (let round = 0; round < 12; round += 1) {
      const person = await createTeam(await signUp(app));
      const setActive = (organizationId: string | null) =>
        person.post('/api/auth/organization/set-active', { organizationId });
      const answers = await Promise.all([
        ...[person.teamId, null, person.teamId].map(setActive),
        person.post('/api/auth/sign-out'),
        ...[null, person.teamId, null].map(setActive),
      ]);
      for (const { status } of answers) statuses.add(status);
    }
    expect([...statuses].toSorted()).toEqual([200, 401]);
  });

  it.each([
    'get-invitation?id=x',
    'get-full-organization?organizationId=x',
    'get-full-organization?organizationId=%00',
  ])('an id that only the database would refuse: %s', async (path) => {
    const error = expectRefusal(await admin.get(`/api/auth/organization/${path}`), path);
    expect(error.details).toMatchObject({ fields: [expect.anything()] });
  });

  it.each(['9999-99-99', '+275760-09-13T00:00:00.000Z', 'infinity'])(
    'a cursor with a time that is none, which only the database would refuse: %s',
    async (time) => {
      const cursor = Buffer.from(JSON.stringify([time, crypto.randomUUID()])).toString('base64url');
      const error = expectRefusal(await admin.get(`/api/v1/chat/sessions?cursor=${cursor}`), time);
      expect(error.details).toMatchObject({ fields: [{ field: 'cursor' }] });
    },
  );

  it('NUL in a path, which only the database would refuse', async () => {
    const diffId = crypto.randomUUID();
    const answer = await admin.post('/api/v1/model-sync/%00/apply', { diffId });
    expect(expectRefusal(answer, 'NUL').details).toEqual({
      fields: [{ field: 'providerId', problem: 'must not contain NUL' }],
    });
  });

  it('a route of accounts that answers 401 with nothing', async () => {
    const stranger = new Client(app.url);
    const answer = await stranger.post('/api/auth/organization/delete', { organizationId: admin.teamId });
    expect([answer.status, refusedAs(answer)]).toEqual([401, 'UNAUTHENTICATED']);
  });

  it('a body that is cut off, which was logged as a fault of ours', async () => {
    await new Promise<void>((closed) => {
      const socket = openConnection();
      socket.write('POST /trpc/chat.createSession HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n');
      socket.write('content-length: 50\r\n\r\n{"title":');
      socket.on('close', () => closed());
      setTimeout(() => socket.destroy(), 50);
    });
    await expect(speak('GET', '/api/v1/agents', ['host: x'])).resolves.toMatchObject({ status: 200 });
  });

  it('what is no chunk, behind a request whose answer streams already: it gets no second answer in the middle', async () => {
    const sessionId = await createSession(admin);
    const answer = await openAnswer(admin, sessionId, { text: slowly(2_000, 50) });
    await answer.readWords(1);
    const text = await new Promise<string>((closed) => {
      let said = '';
      const socket = openConnection();
      const headers = ['host: x', 'transfer-encoding: chunked'];
      socket.write(toHead(`GET /api/v1/chat/sessions/${sessionId}/stream`, headers));
      socket.on('data', (bytes) => {
        if (said === '') socket.write('no chunk\r\n');
        said += bytes.toString();
      });
      socket.on('error', () => undefined); // it is cut
      socket.on('close', () => closed(said));
    });
    expect(text).toContain('text/event-stream');
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
    expect((await admin.post(`/api/v1/chat/sessions/${sessionId}/stop`)).status).toBe(200);
    await answer.readAll();
  });

  it.each<[string, string, string, object]>([
    ['POST', '/api/v1/agents', 'variables', { name: 'x', instructions: 'x', variables: [[]] }],
    ['POST', '/trpc/aiAgents.create', 'variables', { name: 'x', instructions: 'x', variables: [[], [[]]] }],
    [
      'POST',
      '/api/v1/team-providers',
      'models',
      { displayName: 'x', baseUrl: 'https://a.example', models: [[]] },
    ],
  ])(
    'a list where an object belongs, which was taken for one without fields: %s %s',
    async (method, path, field, body) => {
      const error = expectRefusal(await admin.call(method, path, body), path);
      expect([error.code, error.details]).toEqual([
        'VALIDATION_FAILED',
        { fields: expect.arrayContaining([{ field: `${field}.0`, problem: 'must be an object' }]) },
      ]);
    },
  );

  it('a client that hangs up before the first byte of its answer, which was logged as a fault of ours and left a timer', async () => {
    const intervals = watchIntervals();
    for (let round = 0; round < 20; round += 1) {
      const sessionId = await createSession(admin);
      const body = JSON.stringify({ text: 'Hello!' });
      const headers = ['host: x', 'content-type: application/json', `content-length: ${body.length}`];
      const socket = openConnection();
      socket.write(toHead(`POST /api/v1/chat/sessions/${sessionId}/messages`, headers) + body);
      await new Promise((resolve) => setTimeout(resolve, 3 + round));
      socket.destroy();
    }
    await eventually(async () => app.logs.some((line) => line.includes('hung up before its answer')));
    await eventually(async () => intervals.countRunning() === 0);
    intervals.stop();
  });

  describe.each([
    ['a body that is too large', 'POST /api/v1/agents'],
    ['a body that is refused unread', 'PUT /trpc/aiAgents.create'],
    ['a body for an address that cannot be read', 'POST /%E0%A4%A'],
  ])('%s and still on its way', (_what, line) => {
    const body = Buffer.alloc(3_000_000, ' ');
    const headers = ['host: x', 'content-type: application/json', `content-length: ${body.length}`];

    it('whose client learned that it was cut, and not why', async () => {
      const next = 'GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n';
      const sent = await sendInTwo(app.url, toHead(line, headers), Buffer.concat([body, Buffer.from(next)]));
      expect(sent).toEqual({ statuses: ['HTTP/1.1 400', 'HTTP/1.1 200'], isTaken: true });
    });

    it('from a client that wants no more than this answer, which was cut as before', async () => {
      const sent = await sendInTwo(app.url, toHead(line, [...headers, 'connection: close']), body);
      expect(sent).toEqual({ statuses: ['HTTP/1.1 400'], isTaken: true });
    });

    it('of which no more comes: it was answered a second time when its time was over', async () => {
      const server: Server = app.nest.getHttpServer();
      const { headersTimeout, requestTimeout } = server;
      Object.assign(server, { headersTimeout: 500, requestTimeout: 500 });
      try {
        const { statuses } = await sendInTwo(app.url, toHead(line, headers), 'no more');
        expect(statuses).toEqual(['HTTP/1.1 400']);
      } finally {
        Object.assign(server, { headersTimeout, requestTimeout });
      }
    });
  });

  it('has left no fault of ours in the log', () => {
    expect(listFaults(app)).toEqual([]);
  });
});
