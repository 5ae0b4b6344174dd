import { connect } from 'node:net';
import { once } from 'node:events';
import { listDoors, recordRoutes, type Door } from '../architecture/routes';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../src/app';
import { createLogger } from '../../src/platform/logging';
import { startTestApp, type TestApp } from '../support/app';
import { Client, createSession, createTeam, signUp, type Answer } from '../support/client';
import { createTestDatabase, type TestDatabase } from '../support/databases';
import { createTestEnv } from '../support/env';
import { expectRefusal, listFaults } from '../support/refusals';
import { openAnswer, slowly } from '../support/streams';

const anyId = '019aa000-0000-7000-8000-00000000ffff';
const partner = 'https://app.partner.example';
const elsewhere = 'https://elsewhere.example';

/* Starting an application takes its time on a busy machine. */
jest.setTimeout(120_000);

/** What the API's answers carry; a page of ours has a content security policy of its own. */
const expected: Record<string, RegExp> = {
  'content-security-policy': /^default-src 'none';.*frame-ancestors 'none'/,
  'cross-origin-opener-policy': /^same-origin$/,
  'cross-origin-resource-policy': /^same-origin$/,
  'permissions-policy': /camera=\(\)/,
  'referrer-policy': /^no-referrer$/,
  'x-content-type-options': /^nosniff$/,
  'x-frame-options': /^DENY$/,
};
const never = ['server', 'x-powered-by', 'strict-transport-security', 'access-control-allow-origin'];

function findHeaderProblems(headers: Headers): string[] {
  return [
    ...Object.entries(expected)
      .filter(([name, value]) => !value.test(headers.get(name) ?? ''))
      .map(([name]) => `${name}: ${headers.get(name)}`),
    ...never.filter((name) => headers.has(name)).map((name) => `${name} is there`),
  ];
}

describe('what a browser is told and kept from', () => {
  let app: TestApp;
  let doors: Door[];
  let owner: Client & { teamId: string };
  let cookie: string;
  let sessionId: string;

  beforeAll(async () => {
    const recorded = await recordRoutes(() => startTestApp({ CORS_ORIGINS: '' }));
    app = recorded.result;
    doors = listDoors(app.nest, recorded.routes, /^\/trpc(\/|$)/);
    owner = await createTeam(await signUp(app));
    sessionId = await createSession(owner);
    const signedIn = await new Client(app.url).post('/api/auth/sign-in/email', {
      email: owner.email,
      password: 'correct horse battery',
    });
    cookie = signedIn.headers.getSetCookie()[0]!.split(';')[0]!;
  });

  afterAll(async () => {
    await app.close();
    expect(listFaults(app)).toEqual([]);
  });

  /** As a browser calls for its user: with the cookie, and what it says of the page. */
  async function call(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: unknown,
  ): Promise<Answer> {
    const response = await fetch(`${app.url}${path}`, {
      method,
      headers: { cookie, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'manual',
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parse(text) };
  }

  const getSend = () =>
    `/trpc/chat.sendMessage?input=${encodeURIComponent(JSON.stringify({ sessionId, text: 'Said by a stranger' }))}`;
  const messages = async (): Promise<unknown[]> =>
    (await owner.get(`/api/v1/chat/sessions/${sessionId}/messages`)).body.items;

  describe('headers', () => {
    it('are with the answer of every door, to a stranger and to a member', async () => {
      expect(doors.length).toBeGreaterThan(80);
      for (const { transport, method, path } of doors) {
        const target =
          transport === 'trpc' ? `/trpc/${path}` : path.replace(/:\w+/g, anyId).replace('*', 'nothing');
        const verb = transport === 'trpc' ? (method === 'mutation' ? 'POST' : 'GET') : method;
        const body = ['GET', 'HEAD', 'DELETE'].includes(verb) ? undefined : {};
        for (const client of [new Client(app.url), owner]) {
          const { headers } = await client.call(verb, target, body);
          const problems = findHeaderProblems(headers).filter(
            (problem) =>
              !(path.startsWith('/docs') && problem.startsWith('content-security-policy: default-src')),
          );
          expect({ door: `${verb} ${target}`, problems }).toEqual({
            door: `${verb} ${target}`,
            problems: [],
          });
        }
      }
    });

    it.each([
      ['GET', '/nothing'],
      ['GET', '/%E0%A4%A'],
      ['PATCH', '/health/live'],
      ['OPTIONS', '/api/v1/models'],
      ['GET', `/api/v1/models?q=${'x'.repeat(20_000)}`],
      ['GET', '/health/ready'],
    ])('are with %s %.40s', async (method, path) => {
      expect(findHeaderProblems((await new Client(app.url).call(method, path)).headers)).toEqual([]);
    });

    it('are with a stream', async () => {
      const reader = await openAnswer(owner, sessionId, { text: 'Hello!' });
      expect(findHeaderProblems(reader.response.headers)).toEqual([]);
      await reader.readAll();
    });
  });

  describe('a page of another site, with the cookie of its visitor', () => {
    it.each([
      [
        'follows its link to a subscription',
        { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
      ],
      ['is a neighbour of this site', { 'sec-fetch-site': 'same-site' }],
      ['has another origin', { origin: elsewhere }],
      ['hides its origin', { origin: 'null' }],
      ['has an origin that begins like ours', { origin: 'http://127.0.0.1.elsewhere.example' }],
      ['loads it as an image without https', { referer: `${elsewhere}/page` }],
      ['is on another port of this machine', { referer: 'http://127.0.0.1:1/' }],
      ['says something that is no address', { referer: 'elsewhere' }],
      ['follows a link without https', { accept: 'text/html,application/xhtml+xml' }],
      [
        'has an origin that is not ours and a lying header',
        { origin: elsewhere, 'sec-fetch-site': 'cross-site' },
      ],
    ])('cannot send a message by GET when it %s', async (_what, headers) => {
      const before = await messages();
      const answer = await call('GET', getSend(), headers);
      expect(answer.status).toBe(403);
      expect(expectRefusal(answer, 'cross-site').code).toBe('FORBIDDEN');
      expect(await messages()).toEqual(before);
    });

    it.each([
      ['GET', '/api/v1/team-models', undefined],
      ['POST', '/api/v1/chat/sessions', {}],
      ['PUT', '/api/v1/tokens/openai', { token: 'x' }],
      ['DELETE', `/api/v1/agents/${anyId}`, undefined],
      ['POST', '/trpc/chat.createSession', {}],
      ['GET', '/trpc/aiModels.find', undefined],
    ])('cannot %s %s', async (method, path, body) => {
      const signs: Record<string, string>[] = [{ 'sec-fetch-site': 'cross-site' }, { origin: elsewhere }];
      for (const headers of signs) {
        const answer = await call(method, path, headers, body);
        expect({ status: answer.status, code: expectRefusal(answer, path).code }).toEqual({
          status: 403,
          code: 'FORBIDDEN',
        });
      }
    });

    it('cannot change the account either, which Better Auth refuses', async () => {
      const foreign = await call(
        'POST',
        '/api/auth/update-user',
        { origin: elsewhere },
        { name: 'taken over' },
      );
      expect(foreign.status).toBe(403);
      const own = await call('POST', '/api/auth/update-user', { origin: app.url }, { name: 'mine' });
      expect(own.status).toBe(200);
    });

    it('may call with a bearer token, which no browser sends by itself', async () => {
      const answer = await call('GET', '/api/v1/team-models', {
        ...owner.headers(),
        'sec-fetch-site': 'cross-site',
        origin: elsewhere,
      });
      expect(answer.status).toBe(200);
    });
  });

  describe('a page of this site, and a program', () => {
    it.each([
      ['a page', { 'sec-fetch-site': 'same-origin' }],
      ['a page that says its origin', () => ({ 'sec-fetch-site': 'same-origin', origin: app.url })],
      [
        'a page under another name of this machine',
        () => ({ origin: app.url.replace('127.0.0.1', 'localhost') }),
      ],
      ['a page that says its address, without https', () => ({ referer: `${app.url}/docs` })],
      ['an address that was typed', { 'sec-fetch-site': 'none', accept: 'text/html' }],
      ['a program', {}],
    ])('may call with the cookie: %s', async (_who, given) => {
      const headers = (typeof given === 'function' ? given() : given) as Record<string, string>;
      expect((await call('GET', '/api/v1/team-models', headers)).status).toBe(200);
      expect((await call('GET', getSend(), headers)).text).toContain('text-delta');
    });
  });

  it('no CORS where no origin is named: no header, and a preflight is refused as anything else', async () => {
    const preflight = { origin: elsewhere, 'access-control-request-method': 'POST' };
    for (const path of ['/api/v1/chat/sessions', '/trpc/chat.createSession', '/api/auth/sign-in/email']) {
      const answer = await new Client(app.url).fetch(path, { method: 'OPTIONS', headers: preflight });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
      expect((await answer.json()) as object).toMatchObject({ error: expect.anything() });
    }
  });

  it('a request that does not end is cut, and an answer that takes long is not', async () => {
    const server = app.nest.getHttpServer();
    expect({ whole: server.requestTimeout, headers: server.headersTimeout, idle: server.timeout }).toEqual({
      whole: 60_000,
      headers: 15_000,
      idle: 0,
    });
    server.requestTimeout = 1_000;
    server.headersTimeout = 700;
    const reader = await openAnswer(owner, sessionId, { text: slowly(40, 10) });
    const unfinished = await Promise.all([
      readUntilCut(
        'POST /api/auth/sign-in/email HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"em',
      ),
      readUntilCut('GET /health/live HTTP/1.1\r\nhost: x\r\nx-slow:'),
    ]);
    for (const answer of unfinished) expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(await reader.readAll()).toContain('w39');
    server.requestTimeout = 60_000;
    server.headersTimeout = 15_000;
  });

  async function readUntilCut(text: string): Promise<string> {
    const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => void (answer += String(chunk)));
    socket.write(text);
    await once(socket, 'close');
    return answer;
  }
});

describe('a server with partners', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp({ CORS_ORIGINS: `${partner}, http://localhost:5173` });
  });

  afterAll(() => app.close());

  it('lets pages of named origins in, with the session, and no others', async () => {
    const client = new Client(app.url);
    const preflight = (origin: string) =>
      client.fetch('/api/v1/chat/sessions', {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type,x-team-id',
        },
      });
    const allowed = await preflight(partner);
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(partner);
    expect(allowed.headers.get('access-control-allow-credentials')).toBe('true');
    expect(allowed.headers.get('vary')).toMatch(/origin/i);
    expect(allowed.headers.get('x-frame-options')).toBe('DENY');
    for (const origin of [elsewhere, 'null', `${partner}.elsewhere.example`, `${partner}:8443`])
      expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull();
  });

  it('lets them call with the cookie, where another page is refused', async () => {
    const owner = await createTeam(await signUp(app));
    const signedIn = await new Client(app.url).post('/api/auth/sign-in/email', {
      email: owner.email,
      password: 'correct horse battery',
    });
    const cookie = signedIn.headers.getSetCookie()[0]!.split(';')[0]!;
    const ask = (origin: string) =>
      new Client(app.url).fetch('/api/v1/team-models', {
        headers: { cookie, origin, 'sec-fetch-site': 'cross-site' },
      });
    const answer = await ask(partner);
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, partner]);
    expect((await ask(elsewhere)).status).toBe(403);
    // Whose caller is asked for before the body.
    const send = (origin: string, credential: Record<string, string>) =>
      new Client(app.url).fetch('/api/v1/chat', {
        method: 'POST',
        headers: {
          ...credential,
          origin,
          'sec-fetch-site': 'cross-site',
          'content-type': 'application/json',
        },
        body: '{}',
      });
    const refused = await send(partner, { authorization: 'Bearer x.y' });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, partner]);
    expect([(await send(partner, { cookie })).status, (await send(elsewhere, { cookie })).status]).toEqual([
      400, 403,
    ]);
    const account = (origin: string) =>
      new Client(app.url).fetch('/api/auth/update-user', {
        method: 'POST',
        headers: { cookie, origin, 'content-type': 'application/json' },
        body: '{"name":"x"}',
      });
    expect([(await account(partner)).status, (await account(elsewhere)).status]).toEqual([200, 403]);
  });
});

describe('a server that is reached by https', () => {
  let database: TestDatabase;
  let app: NestFastifyApplication;

  beforeAll(async () => {
    database = await createTestDatabase();
    const env = { ...createTestEnv(database), publicUrl: 'https://studio.example' };
    app = await createApp(env, createLogger(env, { write: () => undefined }));
  });

  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  it('says so for a year, and gives out cookies that only https carries', async () => {
    const answer = await app.inject({
      method: 'POST',
      url: '/api/auth/sign-up/email',
      payload: { name: 'Ada', email: 'ada@example.com', password: 'correct horse battery' },
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['strict-transport-security']).toBe('max-age=31536000');
    const [cookie] = [answer.headers['set-cookie']].flat();
    expect(cookie).toMatch(/^__Secure-/);
    for (const flag of ['HttpOnly', 'Secure', 'SameSite=Lax', 'Path=/'])
      expect(cookie?.split('; ')).toContain(flag);
    expect(cookie).not.toMatch(/domain=/i);
  });
});

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
