import apiDocument from '../../docs/openapi.json';
import { modelCallingDoors } from '../../src/identity/permissions/limits';
import { listDoors, recordRoutes } from '../architecture/routes';
import { startTestApp, type TestApp } from '../support/app';
import {
  addMember,
  Client,
  cookieOf,
  createSession,
  createTeam,
  say,
  signUp,
  type Answer,
} from '../support/client';
import { exchange } from '../support/raw-http';
import { listFaults } from '../support/refusals';

const password = 'correct horse battery';
const anyId = '019aa000-0000-7000-8000-00000000ffff';

/* Passwords are slow to check, and machines that test are busy. */
jest.setTimeout(120_000);

/* The proxy is this machine, so that a test may come from any address. */
const variables = {
  TRUSTED_PROXIES: '127.0.0.1',
  RATE_LIMIT_SIGN_IN: '2/60',
  RATE_LIMIT_CREDENTIALS: '5/60',
  RATE_LIMIT_ACCOUNTS: '60/60',
};

let lastAddress = 0;
/** An address that nobody else in this file comes from. */
const newAddress = () => `203.0.113.${(lastAddress += 1)}`;

function from(client: Client, address: string): Client {
  return Object.assign(new Client(client.url, client.token, client.teamId, client.userId, client.email), {
    headers: () => ({ ...client.headers(), 'x-forwarded-for': address }),
  });
}

function signIn(app: TestApp, address: string, email: string, secret = 'wrong password'): Promise<Answer> {
  return from(new Client(app.url), address).post('/api/auth/sign-in/email', { email, password: secret });
}

function expectRateLimited(answer: Answer, limit: string): void {
  expect(answer.status).toBe(429);
  const error = answer.body.error?.data?.error ?? answer.body.error;
  const { code, details, requestId } = error;
  expect({ code, limit: details.limit }).toEqual({ code: 'RATE_LIMITED', limit });
  expect(requestId).toBe(answer.headers.get('x-request-id'));
  const wait = Number(answer.headers.get('retry-after'));
  expect(Number.isInteger(wait) && wait >= 1 && wait <= 60).toBe(true);
  expect(answer.headers.get('ratelimit')).toBe(`"${limit}";r=0;t=${wait}`);
  expect(answer.headers.get('ratelimit-policy')).toMatch(new RegExp(`^"${limit}";q=\\d+;w=60$`));
}

describe('limits on getting in', () => {
  let app: TestApp;
  let owner: Client & { teamId: string };

  beforeAll(async () => {
    app = await startTestApp(variables);
    owner = await createTeam(await signUp(app));
  });

  afterAll(async () => {
    await app.close();
    expect(listFaults(app)).toEqual([]);
  });

  it('stop the guessing of a password from one address, however the account is spelt', async () => {
    const [address, email] = [newAddress(), owner.email!];
    expect((await signIn(app, address, email)).status).toBe(401);
    expect((await signIn(app, address, email.toUpperCase())).status).toBe(401);
    expectRateLimited(await signIn(app, address, email), 'sign-in');
    expectRateLimited(await signIn(app, address, email, password), 'sign-in');
  });

  it('leave the owner of the account in, who comes from elsewhere', async () => {
    expect((await signIn(app, newAddress(), owner.email!, password)).status).toBe(200);
  });

  it('do not say whether there is such an account', async () => {
    const address = newAddress();
    const answers: Answer[] = [];
    for (let index = 0; index < 3; index += 1) answers.push(await signIn(app, address, 'nobody@example.com'));
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 429]);
  });

  it('do not count what succeeds, and forget the failures before it', async () => {
    const address = newAddress();
    for (let index = 0; index < 3; index += 1) {
      expect((await signIn(app, address, owner.email!)).status).toBe(401);
      expect((await signIn(app, address, owner.email!, password)).status).toBe(200);
    }
  });

  it('count many at the same moment', async () => {
    const address = newAddress();
    const answers = await Promise.all(Array.from({ length: 10 }, () => signIn(app, address, owner.email!)));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(2);
  });

  it('stop one address that tries many accounts', async () => {
    const address = newAddress();
    const answers = await Promise.all(
      Array.from({ length: 21 }, (_, index) => signIn(app, address, `person${index}@example.com`)),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(1);
    expectRateLimited(refused[0]!, 'sign-in-address');
  });

  it('stop many addresses that try one account, much later, and give its owner the window back', async () => {
    const victim = await signUp(app);
    for (let index = 0; index < 10; index += 1) {
      const address = newAddress();
      for (let attempt = 0; attempt < 2; attempt += 1)
        expect((await signIn(app, address, victim.email!)).status).toBe(401);
    }
    expectRateLimited(await signIn(app, newAddress(), victim.email!, password), 'sign-in-account');
    // Who is signed in already is not concerned.
    expect((await victim.get('/api/auth/get-session')).body.user.id).toBe(victim.userId);
  });

  it('stop the guessing of the present password by somebody with a session', async () => {
    const person = from(await signUp(app), newAddress());
    const change = (currentPassword: string) =>
      person.post('/api/auth/change-password', { currentPassword, newPassword: 'another horse battery' });
    for (let index = 0; index < 2; index += 1) expect((await change('wrong password')).status).toBe(400);
    expectRateLimited(await change(password), 'sign-in');
  });

  it('count the guesses of a password by the person, however a session of theirs is spelt', async () => {
    const person = await signUp(app);
    const [address, cookie] = [newAddress(), await cookieOf(app, person.email!)];
    const [token = '', signature = ''] = decodeURIComponent(person.token!).split('.');
    const escaped = (index: number) => `%${token.charCodeAt(index).toString(16)}`;
    const spelling = (index: number) => `${token.slice(0, index)}${escaped(index)}${token.slice(index + 1)}`;
    const verify = async (headers: Record<string, string>) => {
      const client = from(new Client(app.url), address);
      const all = { ...client.headers(), ...headers, origin: app.url };
      return Object.assign(client, { headers: () => all }).post('/api/auth/verify-password', {
        password: 'wrong password',
      });
    };
    // Beside an Authorization that is nobody's, the cookie is nobody's either.
    for (let index = 0; index < 2; index += 1)
      expect((await verify({ cookie, authorization: `Bearer zz${index}` })).status).toBe(401);
    for (let index = 0; index < 2; index += 1) {
      const authorization = `Bearer ${spelling(index)}.${encodeURIComponent(signature)}`;
      expect((await verify({ authorization })).status).toBe(400);
    }
    expectRateLimited(await verify({ cookie }), 'sign-in');
    expectRateLimited(await verify({ authorization: `Bearer ${person.token!}` }), 'sign-in');
  });

  it.each([
    ['sign-up/email', () => ({ name: 'x', email: 'x', password: 'short' })],
    ['organization/accept-invitation', () => ({ invitationId: anyId })],
    ['reset-password', () => ({ newPassword: 'another horse battery', token: 'x' })],
  ])('stop what tries %s without end from one address', async (path, body) => {
    const client = from(owner, newAddress());
    const statuses: number[] = [];
    for (let index = 0; index < 20; index += 1)
      statuses.push((await client.post(`/api/auth/${path}`, body())).status);
    expect(statuses).not.toContain(429);
    expectRateLimited(await client.post(`/api/auth/${path}`, body()), 'sign-in-address');
  });

  it('stop an address that calls /api/auth without end', async () => {
    const client = from(new Client(app.url), newAddress());
    for (let index = 0; index < 60; index += 1)
      expect((await client.get('/api/auth/get-session')).status).toBe(200);
    expectRateLimited(await client.get('/api/auth/get-session'), 'accounts');
  });

  it('stop looking up bad credentials of an address, over both transports, and not the good ones of its neighbours', async () => {
    const address = newAddress();
    const neighbour = from(owner, address);
    expect((await neighbour.get('/api/v1/team-models')).status).toBe(200);
    for (let index = 0; index < 5; index += 1) {
      const bad = from(new Client(app.url, `guess-${index}`), address);
      expect((await bad.get('/api/v1/team-models')).status).toBe(401);
    }
    const bad = from(new Client(app.url, 'guess-again'), address);
    expectRateLimited(await bad.get('/api/v1/team-models'), 'credentials');
    expectRateLimited(await bad.query('aiModels.find'), 'credentials');
    expect((await neighbour.get('/api/v1/team-models')).status).toBe(200);
    const elsewhere = from(new Client(app.url, 'guess-again'), newAddress());
    expect((await elsewhere.get('/api/v1/team-models')).status).toBe(401);
  });

  it('tell nobody of a team meanwhile, whose session was not looked up', async () => {
    const [address, stranger] = [newAddress(), await signUp(app)];
    for (let index = 0; index < 5; index += 1)
      await from(new Client(app.url, `guess-${index}`), address).get('/api/v1/team-models');
    for (const id of [owner.teamId, anyId]) {
      const path = `/api/auth/organization/get-full-organization?organizationId=${id}`;
      expectRateLimited(await from(stranger, address).get(path), 'credentials');
    }
  });

  it('go by the address that a session is noted with, too, whatever its client says', async () => {
    const [person, address] = [await signUp(app), newAddress()];
    const client = from(person, address);
    const headers = { ...client.headers(), 'x-ai-studio-address': '198.51.100.9' };
    const lying = Object.assign(new Client(app.url), { headers: () => headers });
    expect((await lying.post('/api/auth/sign-in/email', { email: person.email, password })).status).toBe(200);
    const sessions = await client.get('/api/auth/list-sessions');
    const addresses = sessions.body.map(({ ipAddress }: { ipAddress: string }) => ipAddress);
    expect(addresses.toSorted()).toEqual(['127.0.0.1', address]);
  });

  it('stop the guessing of teams', async () => {
    const stranger = from(await signUp(app), newAddress());
    for (let index = 0; index < 5; index += 1)
      expect((await stranger.inTeam(anyId).get('/api/v1/team-models')).status).toBe(404);
    expectRateLimited(await stranger.inTeam(anyId).get('/api/v1/team-models'), 'credentials');
  });

  it('count an address of IPv6 by its network', async () => {
    const email = 'six@example.com';
    for (let index = 0; index < 2; index += 1)
      expect((await signIn(app, `2001:db8:1:2:${index}::1`, email)).status).toBe(401);
    expectRateLimited(await signIn(app, '2001:db8:1:2:ffff::9', email), 'sign-in');
    expect((await signIn(app, '2001:db8:1:3::1', email)).status).toBe(401);
  });
});

describe('limits on calling', () => {
  let app: TestApp;
  let owner: Client & { teamId: string };
  let member: Client;

  beforeAll(async () => {
    app = await startTestApp({
      RATE_LIMIT_CALLS: '12/60',
      RATE_LIMIT_TEAM: '40/60',
      RATE_LIMIT_MODEL_CALLS: '4/60',
    });
  });

  beforeEach(async () => {
    owner = await createTeam(await signUp(app));
    member = await addMember(app, owner);
  });

  afterAll(async () => {
    await app.close();
    expect(listFaults(app)).toEqual([]);
  });

  const useUp = async (client: Client, calls: number) => {
    for (let index = 0; index < calls; index += 1)
      expect((await client.get('/api/v1/team-models')).status).toBe(200);
  };

  it('stop one caller, over both transports together, and nobody else of the team', async () => {
    await useUp(member, 6);
    for (let index = 0; index < 6; index += 1)
      expect((await member.query('aiTeamModels.findAvailable')).status).toBe(200);
    expectRateLimited(await member.get('/api/v1/team-models'), 'calls');
    expectRateLimited(await member.query('aiTeamModels.findAvailable'), 'calls');
    expect((await owner.get('/api/v1/team-models')).status).toBe(200);
  });

  it('count calls that are refused for want of a role, too', async () => {
    for (let index = 0; index < 12; index += 1)
      expect((await member.put('/api/v1/tokens/openai', { token: 'x' })).status).toBe(403);
    expectRateLimited(await member.put('/api/v1/tokens/openai', { token: 'x' }), 'calls');
  });

  it('count a message once, and stop one too many before its body is read', async () => {
    const path = `/api/v1/chat/sessions/${anyId}/messages`;
    await useUp(member, 11);
    expect((await member.post(path, { text: 'Hello!' })).status).toBe(404);
    const credentials = Object.entries(member.headers()).map(([name, value]) => `${name}: ${value}`);
    const lines = [`POST ${path} HTTP/1.1`, 'host: x', ...credentials, 'content-type: application/json'];
    const head = [...lines, 'content-length: 20000000', '', ''].join('\r\n');
    const answer = await exchange(app.url, Buffer.from(head), { method: 'POST', timeoutMs: 10_000 });
    expectRateLimited({ ...answer, body: JSON.parse(answer.text) }, 'calls');
  });

  it('count each call of a batch', async () => {
    const names = Array.from({ length: 13 }, () => 'aiTeamModels.findAvailable').join(',');
    const answer = await member.get(`/trpc/${names}?batch=1&input={}`);
    const codes = (answer.body as { error?: { data: { code: string } } }[]).map(
      ({ error }) => error?.data.code ?? 'OK',
    );
    expect(codes.filter((code) => code === 'TOO_MANY_REQUESTS')).toHaveLength(1);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('stop a team, whoever calls for it, and no other team', async () => {
    const others = [await addMember(app, owner), await addMember(app, owner)];
    const elsewhere = await createTeam(await signUp(app));
    for (const one of [owner, member, ...others]) await useUp(one, 10);
    expectRateLimited(await owner.get('/api/v1/team-models'), 'team');
    expectRateLimited(await member.get('/api/v1/team-models'), 'team');
    expect((await elsewhere.get('/api/v1/team-models')).status).toBe(200);
  });

  it('stop what asks a provider earlier than the rest, whichever door it takes', async () => {
    const sessionId = await createSession(owner);
    expect((await say(owner, sessionId, { text: 'Hello!' })).status).toBe(200);
    const test = await owner.post(`/api/v1/team-models/${encodeURIComponent('sandbox/echo')}/test`);
    expect(test.status).not.toBe(429);
    expect((await owner.post('/api/v1/tokens/openai/test')).status).not.toBe(429);
    expect((await owner.mutate('aiTokens.test', { providerId: 'openai' })).status).not.toBe(429);
    expectRateLimited(
      await member.post(`/api/v1/chat/sessions/${await createSession(member)}/messages`, { text: 'Hello!' }),
      'model-calls',
    );
    const again = `/api/v1/chat/sessions/${anyId}/messages/${anyId}/regenerate`;
    for (const path of ['/api/v1/chat', again])
      expectRateLimited(await member.post(path, { text: 'Hello!' }), 'model-calls');
    for (const procedure of ['chat.sendMessage', 'chat.regenerate'])
      expect((await owner.query(procedure, { sessionId })).text).toContain('TOO_MANY_REQUESTS');
    expect((await owner.get('/api/v1/team-models')).status).toBe(200);
  });

  it('know each door behind which a provider is asked by a name that there is', async () => {
    const { result, routes } = await recordRoutes(() => startTestApp());
    const doors = listDoors(result.nest, routes, /^\/(docs|trpc)(\/|$)/);
    await result.close();
    const names = doors.map(({ transport, method, path }) =>
      transport === 'rest' ? `${method} ${path}` : path,
    );
    expect([...modelCallingDoors].filter((door) => !names.includes(door))).toEqual([]);
  });

  it('know each route that may answer that no provider did', () => {
    const asking = Object.entries(apiDocument.paths).flatMap(([path, operations]) =>
      Object.entries(operations)
        .filter(([, operation]) => JSON.stringify(operation).includes('PROVIDER_FAILED'))
        .map(([method]) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    expect(asking.length).toBeGreaterThanOrEqual(4);
    expect(asking.filter((door) => !modelCallingDoors.has(door))).toEqual([]);
  });
});

describe('the address of a call', () => {
  /** Four sign-ins that fail, each with another address in its header. */
  async function tryManyNames(app: TestApp): Promise<number[]> {
    const statuses: number[] = [];
    for (let index = 0; index < 4; index += 1)
      statuses.push((await signIn(app, `198.51.100.${index}`, 'nobody@example.com')).status);
    return statuses;
  }

  it.each([
    ['without TRUSTED_PROXIES', {}],
    ['from a peer that is none of them', { TRUSTED_PROXIES: '10.0.0.0/8, 2001:db8::/32' }],
  ])('is not the one in a header %s', async (_what, proxies) => {
    const app = await startTestApp({ RATE_LIMIT_SIGN_IN: '2/60', ...proxies });
    try {
      expect(await tryManyNames(app)).toEqual([401, 401, 429, 429]);
    } finally {
      await app.close();
    }
  });

  it('is the last one that no proxy of ours has written, and limits go on where Redis is away', async () => {
    const app = await startTestApp({
      RATE_LIMIT_SIGN_IN: '2/60',
      TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8',
      REDIS_URL: 'redis://127.0.0.1:1',
    });
    try {
      expect(await tryManyNames(app)).toEqual([401, 401, 401, 401]);
      const chain = (forged: string) => signIn(app, `${forged}, 192.0.2.9, 10.1.2.3`, 'nobody@example.com');
      const answers = [await chain('198.51.100.7'), await chain('198.51.100.8'), await chain('198.51.100.9')];
      expect(answers.map(({ status }) => status)).toEqual([401, 401, 429]);
      expect(app.logs.filter((line) => line.includes('Redis does not answer'))).toHaveLength(1);
    } finally {
      await app.close();
    }
  });
});
