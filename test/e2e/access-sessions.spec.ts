import { v7 as uuidv7 } from 'uuid';
import { Database } from '../../src/platform/database';
import { startTestApp, type TestApp } from '../support/app';
import {
  addMember,
  Client,
  cookieOf,
  createSession,
  createTeam,
  say,
  signIn,
  signUp,
  storedToken,
  type Answer,
} from '../support/client';
import { restOutcome, textOf, trpcOf, trpcOutcome, type Outcome } from '../support/trpc';

const password = 'correct horse battery';

describe('sessions and teams', () => {
  let app: TestApp;
  let owner: Client & { teamId: string };

  beforeAll(async () => {
    app = await startTestApp();
    await signUp(app); // the platform admin, who is somebody else
    owner = await createTeam(await signUp(app));
  });

  afterAll(() => app.close());

  /** The same question over both transports, which must agree. */
  async function ask(client: Client): Promise<Outcome> {
    const rest = await restOutcome(client.get('/api/v1/team-models'));
    const trpc = await trpcOutcome(trpcOf(client).aiTeamModels.findAvailable.query({}));
    expect(trpc).toEqual(rest);
    return rest;
  }

  describe('a session', () => {
    it.each([
      ['nonsense', 'Bearer nonsense'],
      ['an empty token', 'Bearer '],
      ['another scheme', `Basic ${Buffer.from('a:b').toString('base64')}`],
      ['an API key that never was', 'Bearer ais_0123456789abcdef0123456789abcdef'],
    ])('is refused where it is %s', async (_, authorization) => {
      const answer = await new Client(app.url).fetch('/api/v1/team-models', { headers: { authorization } });
      expect(answer.status).toBe(401);
      expect((await answer.json()).error.code).toBe('UNAUTHENTICATED');
      const trpc = await new Client(app.url).fetch('/trpc/aiTeamModels.findAvailable', {
        headers: { authorization },
      });
      expect(trpc.status).toBe(401);
      expect((await trpc.json()).error.data).toMatchObject({
        code: 'UNAUTHORIZED',
        error: { code: 'UNAUTHENTICATED' },
      });
    });

    it('is refused where nobody sent one', async () => {
      expect(await ask(new Client(app.url))).toMatchObject({
        code: 'UNAUTHENTICATED',
        message: expect.stringContaining('Sign in'),
      });
    });

    it('is refused with what the database holds of it: that takes the signature, which AUTH_SECRET makes', async () => {
      const stored = storedToken(await signIn(app, owner.email!));
      const { rowCount } = await app.nest
        .get(Database)
        .pool.query('select from auth_session where token = $1', [stored]);
      expect(rowCount).toBe(1);
      for (const token of [stored, `${stored}.`, `${stored}.${stored}`])
        expect(await ask(new Client(app.url, token, owner.teamId))).toMatchObject({
          code: 'UNAUTHENTICATED',
        });
      for (const name of ['better-auth.session_token', '__Secure-better-auth.session_token']) {
        const headers = { cookie: `${name}=${stored}`, 'x-team-id': owner.teamId };
        expect((await new Client(app.url).fetch('/api/v1/team-models', { headers })).status).toBe(401);
      }
    });

    it('is refused once it has expired', async () => {
      const person = await signIn(app, owner.email!);
      await app.nest
        .get(Database)
        .pool.query(`update auth_session set expires_at = now() - interval '1 second' where token = $1`, [
          storedToken(person),
        ]);
      expect((await ask(person)).code).toBe('UNAUTHENTICATED');
    });

    it('is refused at once after signing out, and no other session of the person with it', async () => {
      const [one, other] = [await signIn(app, owner.email!), await signIn(app, owner.email!)];
      expect((await ask(one)).code).toBe('OK');
      expect((await one.post('/api/auth/sign-out')).status).toBe(200);
      expect((await ask(one)).code).toBe('UNAUTHENTICATED');
      expect((await ask(other)).code).toBe('OK');
    });

    it('is refused at once after it was revoked from another one', async () => {
      const [one, other] = [await signIn(app, owner.email!), await signIn(app, owner.email!)];
      expect((await ask(one)).code).toBe('OK');
      await other.post('/api/auth/revoke-session', { token: storedToken(one) });
      expect((await ask(one)).code).toBe('UNAUTHENTICATED');
    });

    it('is refused where the cookie was not signed by this server', async () => {
      const cookie = `better-auth.session_token=${storedToken(owner)}.${'A'.repeat(43)}%3D`;
      const answer = await new Client(app.url).fetch('/api/v1/team-models', { headers: { cookie } });
      expect(answer.status).toBe(401);
    });

    it.each(['Bearer nonsense', 'Bearer ', 'Basic YTpi', 'nonsense'])(
      'does not lend the bad credential "%s" the identity of a good cookie',
      async (authorization) => {
        const headers = { cookie: await cookieOf(app, owner.email!, password), authorization };
        expect((await new Client(app.url).fetch('/api/v1/team-models', { headers })).status).toBe(401);
        expect(
          (await new Client(app.url).fetch('/trpc/aiTeamModels.findAvailable', { headers })).status,
        ).toBe(401);
      },
    );

    it('travels as a cookie that scripts cannot read and other sites do not send', async () => {
      const signedIn = await new Client(app.url).post('/api/auth/sign-in/email', {
        email: owner.email,
        password,
      });
      const [cookie] = signedIn.headers.getSetCookie();
      expect(cookie).toMatch(/HttpOnly/i);
      expect(cookie).toMatch(/SameSite=Lax/i);

      const headers = { cookie: cookie!.split(';')[0]! };
      const rest = await new Client(app.url).fetch('/api/v1/team-models', { headers });
      expect(rest.status).toBe(200);
      const trpc = await new Client(app.url).fetch('/trpc/aiTeamModels.findAvailable', { headers });
      expect((await trpc.json()).result.data).toEqual(await rest.json());
    });

    it('as a cookie, is refused to a page of another origin that wants to change the account', async () => {
      const headers = {
        cookie: await cookieOf(app, owner.email!, password),
        origin: 'https://elsewhere.example',
        'content-type': 'application/json',
      };
      const foreign = await new Client(app.url).fetch('/api/auth/update-user', {
        method: 'POST',
        headers,
        body: '{"name":"taken over"}',
      });
      expect(foreign.status).toBe(403);
      const own = await new Client(app.url).fetch('/api/auth/update-user', {
        method: 'POST',
        headers: { ...headers, origin: app.url },
        body: '{"name":"mine"}',
      });
      expect(own.status).toBe(200);
    });
  });

  describe('the team of a call', () => {
    it('has to be named by somebody who is in none, and the refusal says how', async () => {
      const loner = await signUp(app);
      expect(await ask(loner)).toMatchObject({
        code: 'VALIDATION_FAILED',
        message: expect.stringContaining('x-team-id'),
      });
      expect(await restOutcome(loner.post('/api/v1/chat/sessions'))).toMatchObject({
        code: 'VALIDATION_FAILED',
      });
    });

    it.each([
      '',
      'nonsense',
      '01A2058D-9C42-75A8-9B5D-AA103CD1338D',
      '01a2058d-9c42-75a8-9b5d-aa103cd1338d,01a2058d-9c42-75a8-9b5d-aa103cd1338d',
    ])('has to be a UUID, and "%s" is none', async (teamId) => {
      const answer = await owner.fetch('/api/v1/team-models', { headers: { 'x-team-id': teamId } });
      expect(answer.status).toBe(400);
      expect((await answer.json()).error.details.fields[0].field).toBe('x-team-id');
    });

    it('is not found where it is of others, word for word as where it never was', async () => {
      const foreign = await createTeam(await signUp(app));
      const calls: ((client: Client) => Promise<Answer>)[] = [
        (client) => client.get('/api/v1/team-models'),
        (client) => client.get('/api/v1/tokens'),
        (client) => client.post('/api/v1/providers', {}),
        (client) => client.post('/api/v1/chat/sessions', { title: 'mine' }),
        (client) => client.put('/api/v1/app-config/aiStudio/team', { config: {} }),
        (client) => client.query('aiTeamModels.findAvailable'),
        (client) => client.query('aiTokens.find'),
        (client) => client.mutate('chat.createSession'),
      ];
      for (const call of calls) {
        const [theirs, nobodys] = [
          await call(owner.inTeam(foreign.teamId)),
          await call(owner.inTeam(uuidv7())),
        ];
        expect(theirs.status).toBe(404);
        expect(theirs.text).toContain('NOT_FOUND');
        expect(textOf(theirs)).toBe(textOf(nobodys));
      }
      expect((await foreign.get('/api/v1/chat/sessions')).body.items).toEqual([]);
    });

    it('is not found by the platform admin either, who is no member of it', async () => {
      const admin = await signIn(app, (await platformAdminEmail())!);
      expect((await ask(admin.inTeam(owner.teamId))).code).toBe('NOT_FOUND');
    });

    it('is the one that x-team-id names, else the active one', async () => {
      const person = await signUp(app);
      const [first, second] = [await createTeam(person), await createTeam(person)];
      await createSession(first, { title: 'in the first' });
      await createSession(second, { title: 'in the second' });
      expect(await titles(first)).toEqual(['in the first']);
      expect(await titles(second)).toEqual(['in the second']);

      for (const { teamId, title } of [
        { teamId: first.teamId, title: 'in the first' },
        { teamId: second.teamId, title: 'in the second' },
      ]) {
        expect(
          (await person.post('/api/auth/organization/set-active', { organizationId: teamId })).status,
        ).toBe(200);
        expect(await titles(person)).toEqual([title]);
        expect(
          (await trpcOf(person).chat.findSessions.query({})).items.map((session) => session.title),
        ).toEqual([title]);
      }
    });

    it('is the oldest of their teams for somebody who signs in anew', async () => {
      const person = await signUp(app);
      const first = await createTeam(person);
      await createTeam(person);
      await createSession(first, { title: 'in the first' });
      expect(await titles(await signIn(app, person.email!))).toEqual(['in the first']);
    });

    it('cannot be made active by somebody who is not in it', async () => {
      const foreign = await createTeam(await signUp(app));
      const refused = await owner.post('/api/auth/organization/set-active', {
        organizationId: foreign.teamId,
      });
      expect(refused.status).toBe(403);
    });

    it('is not found any more once it was deleted', async () => {
      const team = await createTeam(await signUp(app));
      const member = await addMember(app, team);
      expect((await ask(member)).code).toBe('OK');
      expect((await team.post('/api/auth/organization/delete', { organizationId: team.teamId })).status).toBe(
        200,
      );
      expect((await ask(team)).code).toBe('NOT_FOUND');
      expect((await ask(member)).code).toBe('NOT_FOUND');
    });
  });

  describe('a new team', () => {
    it('has the sandbox enabled, default and usable, whoever asks first and however many at once', async () => {
      const team = await createTeam(await signUp(app));
      const lists = await Promise.all([1, 2, 3, 4].map(() => team.get('/api/v1/team-models')));
      const sandbox = { ref: 'sandbox/echo', enabled: true, isDefault: true, usable: true, priority: 0 };
      for (const { body } of lists)
        expect(body.items.filter(({ enabled }: { enabled: boolean }) => enabled)).toMatchObject([sandbox]);
      expect(await trpcOf(team).aiTeamModels.getDefault.query()).toMatchObject(sandbox);
      expect((await team.get('/api/v1/team-models/default')).body.reason).toBeUndefined();
    });

    it('can chat with its first call, without a key', async () => {
      const team = await createTeam(await signUp(app));
      const answer = await say(team, await createSession(team), { text: 'Are you there?' });
      expect(answer.status).toBe(200);
      expect(answer.text).toContain('Are you there?');
    });

    it('begins with nothing of any other team', async () => {
      await owner.put('/api/v1/tokens/openai', { token: 'sk-of-another-team-0001' });
      await createSession(owner);
      const team = await createTeam(await signUp(app));
      for (const path of ['tokens', 'chat/sessions', 'executions']) {
        expect((await team.get(`/api/v1/${path}`)).body.items).toEqual([]);
      }
      const { body } = await team.get('/api/v1/providers');
      expect(body.items.filter(({ scope }: { scope: string }) => scope === 'team')).toEqual([]);
    });
  });

  async function platformAdminEmail(): Promise<string | undefined> {
    const { rows } = await app.nest
      .get(Database)
      .pool.query<{ email: string }>(`select email from auth_user where platform_role = 'platformAdmin'`);
    return rows[0]?.email;
  }

  async function titles(client: Client): Promise<string[]> {
    const { body } = await client.get('/api/v1/chat/sessions');
    return body.items.map(({ title }: { title: string }) => title);
  }
});
