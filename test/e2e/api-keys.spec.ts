import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { toTeamId } from '@kdx/shared';
import { permissions, type Permission } from '../../src/identity';
import { makeApiKey } from '../../src/identity/api-keys/api-key-secret';
import { Database, TeamTransaction } from '../../src/platform/database';
import { listDoors, recordRoutes, type Door } from '../architecture/routes';
import { allScopes, createApiKey, type KeyClient } from '../support/api-keys';
import { startTestApp, type TestApp } from '../support/app';
import { addMember, Client, createSession, createTeam, say, signUp, type Answer } from '../support/client';
import { expectStatus } from '../support/providers';
import { listFaults } from '../support/refusals';
import { eventually, openAnswer, slowly } from '../support/streams';
import { textOf } from '../support/trpc';

const path = '/api/v1/api-keys';
const day = 86_400_000;
const notValid = 'The API key is not valid, has expired or was revoked.';
const onServer = process.env.DATABASE_URL ? it : it.skip;

type Event = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- tests look into what was answered

/* Starting an application takes its time on a busy machine. */
jest.setTimeout(120_000);

describe('API keys', () => {
  let app: TestApp;
  let doors: Door[];
  let platformAdmin: Client & { teamId: string };
  let owner: Client & { teamId: string };
  let stranger: Client & { teamId: string };

  beforeAll(async () => {
    const recorded = await recordRoutes(() => startTestApp());
    app = recorded.result;
    doors = listDoors(app.nest, recorded.routes, /^\/(docs|trpc)(\/|$)/);
    platformAdmin = await createTeam(await signUp(app));
    owner = await createTeam(await signUp(app));
    stranger = await createTeam(await signUp(app));
  });

  afterAll(() => app.close());

  const sql = async (statement: string, values: unknown[] = []): Promise<Event[]> =>
    (await app.nest.get(Database).pool.query(statement, values)).rows;
  const listKeys = async (admin: Client): Promise<Event[]> =>
    expectStatus(await admin.get(`${path}?limit=200`)).items;
  const findKey = async (admin: Client, id: string): Promise<Event | undefined> =>
    (await listKeys(admin)).find((key) => key.id === id);
  const readEvents = async (reader: Client, query: string): Promise<Event[]> =>
    expectStatus(await reader.get(`/api/v1/audit-events?${query}`)).items;
  const revoke = async (admin: Client, { userId }: KeyClient): Promise<void> =>
    expectStatus(await admin.delete(`${path}/${userId}`), 204);

  describe('are not made', () => {
    it.each([
      ['for a scope that is none', { scopes: ['chat.use', 'chat.fly'] }, 'scopes', 'chat.fly'],
      ['for what only the platform admin may do', { scopes: ['models.write'] }, 'scopes', 'models.write'],
      ['for what everybody may do', { scopes: ['auth.use'] }, 'scopes', 'auth.use'],
      ['for a scope that every object has', { scopes: ['toString'] }, 'scopes', 'toString'],
      ['for no scope', { scopes: [] }, 'scopes', 'at least one'],
      ['for a scope twice', { scopes: ['chat.use', 'chat.use'] }, 'scopes', 'twice'],
      ['for scopes that are no list', { scopes: 'chat.use' }, 'scopes', 'array'],
      ['without a name', { name: '' }, 'name', '1 characters'],
      ['with a time that has passed', { expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt', 'must be ahead'],
      ['with a time too far', { expiresAt: '2100-01-01T00:00:00Z' }, 'expiresAt', '5 years'],
      ['with a time that is none', { expiresAt: 'soon' }, 'expiresAt', 'ISO 8601'],
      ['with a secret of their own', { secret: 'ais_mine' }, 'secret', 'not a known field'],
      ['with an id of their own', { id: uuidv7() }, 'id', 'not a known field'],
      ['in somebody else’s name', { createdBy: uuidv7() }, 'createdBy', 'not a known field'],
    ])('%s', async (_, wrong, field, problem) => {
      const body = { name: 'A program', scopes: ['chat.use'], ...wrong };
      for (const answer of [await owner.post(path, body), await owner.mutate('apiKeys.create', body)]) {
        expect(answer.status).toBe(400);
        const error = answer.body.error.data?.error ?? answer.body.error;
        expect(error).toMatchObject({
          code: 'VALIDATION_FAILED',
          details: {
            fields: expect.arrayContaining([{ field, problem: expect.stringContaining(problem) }]),
          },
        });
        if (field === 'scopes' && problem.includes('.'))
          expect(JSON.stringify(error.details)).toContain('teamModels.write');
      }
    });

    it('by a key that has not apiKeys.write, whatever else it has', async () => {
      const key = await createApiKey(
        owner,
        allScopes.filter((scope) => scope !== 'apiKeys.write'),
      );
      expect((await key.post(path, { name: 'More', scopes: ['chat.use'] })).status).toBe(403);
    });

    it('by a key for more than it has itself, or for longer, which is recorded', async () => {
      const expiresAt = new Date(Date.now() + 10 * day).toISOString();
      const key = await createApiKey(owner, ['apiKeys.write', 'chat.use'], { expiresAt });
      const greedy = await key.post(path, { name: 'More', scopes: ['chat.use', 'tokens.write'] });
      expect(greedy.status).toBe(403);
      expect(greedy.body.error).toMatchObject({ code: 'FORBIDDEN', details: { scopes: ['tokens.write'] } });
      for (const later of [null, new Date(Date.now() + 11 * day).toISOString()]) {
        const body = { name: 'Longer', scopes: ['chat.use'], expiresAt: later };
        expect((await key.post(path, body)).body.error).toMatchObject({ code: 'FORBIDDEN' });
      }
      const events = await readEvents(owner, `actorId=${key.userId}&outcome=refused`);
      expect(events).toHaveLength(3);
      expect(events[2]).toMatchObject({
        action: 'apiKeys.create',
        actor: { type: 'apiKey', id: key.userId },
        target: { type: 'apiKey', id: null, name: 'More' },
        code: 'FORBIDDEN',
      });
      const child = await createApiKey(key, ['chat.use']);
      expect(await findKey(owner, child.userId)).toMatchObject({
        expiresAt,
        createdBy: { userId: key.userId, name: 'A program', role: 'apiKey' },
      });
    });

    it('where the team has a hundred', async () => {
      const crowded = await createTeam(await signUp(app));
      const { userId } = await createApiKey(crowded, ['chat.use']);
      // Statements of the application's role, without the lock: a hundred requests would take their time.
      await sql(
        `insert into api_key (team_id, id, name, scopes, digest, last4, created_by, created_at)
         select team_id, gen_random_uuid(), name, scopes, digest, last4, created_by, created_at
           from api_key, generate_series(2, 99) where id = $1`,
        [userId],
      );
      const answers = await Promise.all(
        [1, 2, 3].map((n) => crowded.post(path, { name: `${n}`, scopes: ['chat.use'] })),
      );
      expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409]);
      expect(answers.find(({ status }) => status === 409)!.body.error.message).toContain('Delete those');
      const seen = new Set<string>();
      for (let cursor = ''; ;) {
        const page = expectStatus(await crowded.get(`${path}?limit=40${cursor}`));
        for (const { id } of page.items) seen.add(id);
        if (!page.nextCursor) break;
        cursor = `&cursor=${page.nextCursor}`;
      }
      expect(seen.size).toBe(100);
    });
  });

  describe('let nobody in', () => {
    const ask = (token: string, team?: string) => new Client(app.url, token, team).get('/api/v1/models');

    it('that are none, are wrong, have expired or were revoked, all with one answer', async () => {
      const key = await createApiKey(owner, ['models.read']);
      const revoked = await createApiKey(owner, ['models.read']);
      expect((await ask(revoked.token)).status).toBe(200);
      await revoke(owner, revoked);
      const expired = await createApiKey(owner, ['models.read']);
      expect((await ask(expired.token)).status).toBe(200);
      await sql(`update api_key set expires_at = now() - interval '1 second' where id = $1`, [
        expired.userId,
      ]);
      await createApiKey(owner, ['models.read']); // news of the team: what is remembered of it is read again
      const wrong = {
        'an id that never was': makeApiKey(uuidv7()).secret.reveal(),
        'another secret for an id that is there': makeApiKey(key.userId).secret.reveal(),
        'one that was revoked': revoked.token,
        'one that has expired': expired.token,
        'one character that is wrong': `${key.token.slice(0, -1)}${key.token.endsWith('0') ? '1' : '0'}`,
        'one that is cut off': key.token.slice(0, 40),
        'nothing behind the prefix': 'ais_',
      };
      const texts = await Promise.all(
        Object.values(wrong).map(async (token) => {
          const answer = await ask(token);
          expect([answer.status, answer.body.error.message]).toEqual([401, notValid]);
          return textOf(answer);
        }),
      );
      expect(new Set(texts).size).toBe(1);
      for (const token of Object.values(wrong)) {
        expect(textOf(await ask(token, owner.teamId))).toBe(texts[0]);
        const { status, body } = await new Client(app.url, token).query('aiModels.find', {});
        expect([status, body.error.message]).toEqual([401, notValid]);
      }
      expect(await findKey(owner, expired.userId)).toMatchObject({ status: 'expired' });
      expect((await ask(key.token)).status).toBe(200);
    });

    it('from the moment on that they name, although they were remembered', async () => {
      const expiresAt = new Date(Date.now() + 1_500).toISOString();
      const key = await createApiKey(owner, ['models.read'], { expiresAt });
      expect((await ask(key.token)).status).toBe(200);
      await eventually(async () => (await ask(key.token)).status === 401);
      expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
      expect(Date.now()).toBeLessThan(Date.parse(expiresAt) + 2_000);
    });

    it('in a cookie, or beside a cookie of somebody else', async () => {
      const key = await createApiKey(owner, ['models.read']);
      const cookie = (value: string) => ({ headers: { cookie: value } });
      const asCookie = await new Client(app.url).fetch(
        '/api/v1/models',
        cookie(`better-auth.session_token=${key.token}`),
      );
      expect(asCookie.status).toBe(401);
      const beside = new Client(app.url, makeApiKey(uuidv7()).secret.reveal());
      const signIn = await new Client(app.url).post('/api/auth/sign-in/email', {
        email: owner.email,
        password: 'correct horse battery',
      });
      const session = signIn.headers.getSetCookie().map((one) => one.split(';')[0]);
      expect(session.length).toBeGreaterThan(0);
      expect((await beside.fetch('/api/v1/models', cookie(session.join('; ')))).status).toBe(401);
    });

    it('to another team: it is as if there were none, and recorded', async () => {
      const key = await createApiKey(owner, ['models.read']);
      expect((await key.inTeam(owner.teamId).get('/api/v1/models')).status).toBe(200);
      const never = uuidv7();
      for (const teamId of [stranger.teamId, never]) {
        const asKey = await key.inTeam(teamId).get('/api/v1/models');
        expect(asKey.status).toBe(404);
        expect(textOf(asKey)).toBe(textOf(await owner.inTeam(teamId).get('/api/v1/models')));
        const [event] = await readEvents(platformAdmin, `chain=instance&actorId=${key.userId}`);
        expect(event).toMatchObject({
          actor: { type: 'apiKey', id: key.userId },
          target: { type: 'team', id: teamId },
          outcome: 'refused',
          code: 'NOT_FOUND',
        });
      }
      expect((await key.inTeam('x').get('/api/v1/models')).status).toBe(400);
    });

    it('to accounts and teams: no route of /api/auth takes one', async () => {
      const key = await createApiKey(owner, allScopes);
      expect((await key.get('/api/auth/get-session')).body).toBeNull();
      expect((await key.get('/api/auth/list-sessions')).status).toBe(401);
      expect((await key.get('/api/auth/organization/list')).status).toBe(401);
      expect((await key.post('/api/auth/organization/create', { name: 'x', slug: 'x' })).status).toBe(401);
      const members = `/api/auth/organization/list-members?organizationId=${owner.teamId}`;
      expect((await key.get(members)).status).toBe(401);
      expect((await key.post('/api/auth/update-user', { name: 'x' })).status).toBe(401);
      const listed = expectStatus(await owner.get(members)).members as Event[];
      expect(listed.map(({ userId }) => userId)).toEqual([owner.userId]);
    });

    it('by an account: nobody signs in or up as a key, or changes what a row is', async () => {
      const key = await createApiKey(owner, ['models.read']);
      const [row] = await sql('select * from auth_user where id = $1', [key.userId]);
      expect(row).toMatchObject({ name: 'A program', kind: 'apiKey', platform_role: 'user', is_first: null });
      const guest = new Client(app.url);
      const password = 'correct horse battery';
      const signIn = await guest.post('/api/auth/sign-in/email', { email: row!.email, password });
      expect(signIn.status).toBe(401);
      for (const email of [row!.email, `${uuidv7()}@API-KEY.invalid`, 'x@example.invalid']) {
        const answer = await guest.post('/api/auth/sign-up/email', { name: 'x', email, password });
        expect([403, 422]).toContain(answer.status);
        expect(answer.headers.get('set-auth-token')).toBeNull();
      }
      const posing = { name: 'x', email: `${uuidv7()}@example.com`, password, kind: 'apiKey' };
      expect((await guest.post('/api/auth/sign-up/email', posing)).status).toBe(400);
      expect((await owner.post('/api/auth/update-user', { kind: 'apiKey' })).status).toBe(400);
      const person = `select 1 from auth_account where user_id = $1 union select 1 from auth_session where user_id = $1
        union select 1 from team_member where user_id = $1`;
      expect(await sql(person, [key.userId])).toEqual([]);
      for (const poses of [
        `insert into auth_user (id, name, email) values (gen_random_uuid(), 'x', 'x@Api-Key.invalid')`,
        `insert into auth_user (id, name, email, kind) values (gen_random_uuid(), 'x', 'x@example.com', 'apiKey')`,
        `update auth_user set platform_role = 'platformAdmin' where kind = 'apiKey'`,
      ])
        await expect(sql(poses)).rejects.toThrow(/check constraint/);
    });
  });

  describe('at every door', () => {
    const anyId = uuidv7();
    const open = (door: Door) => !door.permission || permissions[door.permission] === 'public';
    const knock = async (key: Client, { transport, method, path: at }: Door): Promise<string> => {
      if (transport === 'rest') {
        const body = method === 'GET' ? undefined : {};
        const { status, body: answered } = await key.call(method, at.replace(/:\w+/g, anyId), body);
        return passed(status, answered?.error);
      }
      const answer = method === 'mutation' ? await key.mutate(at) : await key.query(at, {});
      const event = /event: serialized-error\ndata: (.*)/.exec(answer.text)?.[1];
      const error = event ? JSON.parse(event) : answer.body?.error;
      return passed(event ? 400 : answer.status, error?.data.error);
    };
    /** Empty inputs and ids that never were change nothing: whoever is let in is told so. */
    const passed = (status: number, error: { code: string; message: string } | undefined): string => {
      if (status < 300) return 'let in';
      if (error?.message === 'The team was not found.') return 'strange team';
      return ['NOT_FOUND', 'VALIDATION_FAILED'].includes(error!.code) ? 'let in' : error!.code;
    };

    it('with exactly its scope are let in, without it are not, whatever else they have', async () => {
      const service = await createTeam(await signUp(app));
      const tried = doors.filter((door) => !open(door) && door.method !== 'HEAD');
      expect(tried.length).toBeGreaterThan(90);
      const asked = [...new Set(tried.map(({ permission }) => permission!))];
      for (const permission of asked) {
        const isScope = allScopes.includes(permission);
        const others = await createApiKey(
          service,
          allScopes.filter((scope) => scope !== permission),
        );
        const alone = isScope ? await createApiKey(service, [permission]) : undefined;
        for (const door of tried.filter((one) => one.permission === permission)) {
          const name = `${door.method} ${door.path}`;
          expect(`${name} ${await knock(others, door)}`).toBe(`${name} FORBIDDEN`);
          if (alone) expect(`${name} ${await knock(alone, door)}`).toBe(`${name} let in`);
        }
        await revoke(service, others);
        if (alone) await revoke(service, alone);
      }
      expect(allScopes.filter((scope) => !asked.includes(scope as Permission))).toEqual([
        'executions.readTeam', // no door asks for it: it says how much is seen behind one
      ]);
    });

    it('are documented: each scope, with the role that it takes from a person and its routes', () => {
      const rows = allScopes.map((scope) => {
        const routes = doors
          .filter(({ transport, method, permission }) => permission === scope && isShown(transport, method))
          .map(({ method, path: at }) => `\`${method} ${at.replace('/api/v1', '')}\``)
          .toSorted();
        const role = permissions[scope as Permission] === 'member' ? 'member' : 'admin';
        return `${scope} | ${role} | ${routes.join(', ')}`;
      });
      const text = readFileSync(join(__dirname, '../../docs/api-keys.md'), 'utf8');
      const table = [...text.matchAll(/^\| `(\w+\.\w+)` *\| (\w+) *\| (.*?) *\|$/gm)].map(
        ([, scope, role, routes = '']) => `${scope} | ${role} | ${routes.startsWith('`') ? routes : ''}`,
      );
      expect(table.toSorted()).toEqual(rows.toSorted());

      function isShown(transport: string, method: string): boolean {
        return transport === 'rest' && method !== 'HEAD';
      }
    });

    it('that they may not pass are recorded as tried by the key, where the door writes', async () => {
      const key = await createApiKey(owner, ['models.read']);
      expect((await key.get('/api/v1/tokens')).body.error).toEqual({
        code: 'FORBIDDEN',
        message: 'The API key lacks the scope tokens.read. Use one that has it.',
        details: { permission: 'tokens.read' },
        requestId: expect.any(String),
      });
      expect((await key.delete('/api/v1/tokens/openai')).status).toBe(403);
      expect(await readEvents(owner, `actorId=${key.userId}`)).toMatchObject([
        {
          actor: { type: 'apiKey', id: key.userId },
          action: 'tokens.write',
          target: { type: 'route', id: 'DELETE /api/v1/tokens/:providerId' },
          outcome: 'refused',
        },
      ]);
    });

    it('lose a scope that is for the platform admin by now, or that is none any more', async () => {
      const key = await createApiKey(owner, ['models.read']);
      await sql(`update api_key set scopes = '["models.write", "chat.fly"]' where id = $1`, [key.userId]);
      expect((await key.post('/api/v1/models', {})).body.error).toMatchObject({ code: 'FORBIDDEN' });
      expect((await key.get('/api/v1/models')).status).toBe(403);
      expect(await findKey(owner, key.userId)).toMatchObject({ scopes: [] });
    });
  });

  describe('are a service of the team', () => {
    it('that talks, sets what is its own, is called by its name, and is on record with it', async () => {
      const scopes = [
        'chat.use',
        'executions.read',
        'appConfig.writeOwn',
        'appConfig.readOwn',
        'prompts.read',
      ];
      const key = await createApiKey(owner, scopes, { name: 'Night porter' });
      const ownersSession = await createSession(owner);
      await say(owner, ownersSession, { text: 'Of the owner' });
      const sessionId = await createSession(key);
      const agent = { name: 'Greeter', instructions: 'You speak with {{userName}} of {{teamName}}.' };
      const { id: agentId } = expectStatus(await owner.post('/api/v1/agents', agent), 201);
      expect((await say(key, sessionId, { text: 'Hello!' })).status).toBe(200);
      const config = { userInstructions: { enabled: true, content: 'Be brief.' } };
      expectStatus(await key.put('/api/v1/app-config/aiStudio/me', { config }));
      expect(expectStatus(await key.get('/api/v1/app-config/aiStudio/me')).config).toMatchObject(config);
      const { system } = expectStatus(await key.get(`/api/v1/prompts/preview?agentId=${agentId}`));
      expect(system).toContain('You speak with Night porter of');
      expect(system).toContain('Be brief.');

      const own = expectStatus(await key.get('/api/v1/executions')).items as Event[];
      expect(own.map(({ userId }) => userId)).toEqual([key.userId]);
      const others = `/api/v1/executions?userId=${owner.userId}`;
      expect(expectStatus(await key.get(others)).items).toHaveLength(1); // the filter is an admin's
      expect((await owner.get(`/api/v1/chat/sessions/${sessionId}`)).status).toBe(404);
      expect((await key.get(`/api/v1/chat/sessions/${ownersSession}`)).status).toBe(404);

      const [execution] = expectStatus(await owner.get(others)).items as Event[];
      const prompt = `/api/v1/executions/${execution!.id}/prompt`;
      expect((await key.get(prompt)).status).toBe(404);
      const auditor = await createApiKey(owner, ['executions.read', 'executions.readTeam']);
      expect(expectStatus(await auditor.get(others)).items).toHaveLength(1);
      const all = expectStatus(await auditor.get('/api/v1/executions')).items as Event[];
      expect(new Set(all.map(({ userId }) => userId))).toEqual(new Set([owner.userId, key.userId]));
      expect((await auditor.get(prompt)).status).toBe(200);
    });

    it('whose changes are in the audit log, as done by it', async () => {
      const key = await createApiKey(owner, ['agents.write', 'audit.read']);
      const made = await key.post('/api/v1/agents', { name: 'By a key', instructions: 'x' });
      const [event] = await readEvents(key, 'limit=1');
      expect(event).toMatchObject({
        action: 'agents.create',
        actor: { type: 'apiKey', id: key.userId },
        target: { id: made.body.id },
      });
      expect((await key.get('/api/v1/audit-events?chain=instance')).status).toBe(403);
    });

    it('made with a secret that is shown once and stored nowhere', async () => {
      const { body } = await owner.post(path, { name: 'Secret', scopes: ['models.read'] });
      expect(body).toEqual({
        id: expect.any(String),
        name: 'Secret',
        scopes: ['models.read'],
        secret: expect.stringMatching(/^ais_[0-9A-Za-z]{71}$/),
        last4: body.secret.slice(-4),
        status: 'active',
        createdAt: expect.any(String),
        expiresAt: expect.any(String),
        lastUsedAt: null,
        createdBy: { userId: owner.userId, name: expect.any(String), role: 'owner' },
      });
      expect(Math.round((Date.parse(body.expiresAt) - Date.now()) / day)).toBe(365);
      const key = new Client(app.url, body.secret);
      expect((await key.get('/api/v1/models')).status).toBe(200);
      expect((await key.get('/api/v1/tokens')).status).toBe(403);
      await key.query('aiModels.find', { limit: 'x' });
      const { secret, ...shown } = body;
      expect({ ...(await findKey(owner, body.id)), lastUsedAt: null }).toEqual(shown);
      const random = secret.slice(10, 60);
      const places = [
        app.logs.join('\n'),
        (await owner.get(`${path}?limit=200`)).text,
        JSON.stringify(await sql('select * from api_key')),
        JSON.stringify(await sql('select * from auth_user')),
        JSON.stringify(await sql('select event from audit_event')),
      ];
      for (const place of places) expect(place).not.toContain(random);
      const [event] = await readEvents(owner, `targetId=${body.id}`);
      expect(event).toMatchObject({
        action: 'apiKeys.create',
        actor: { type: 'user', id: owner.userId },
        target: { type: 'apiKey', id: body.id, name: 'Secret' },
        changed: ['createdBy', 'expiresAt', 'name', 'scopes'],
      });
    });

    it('that never expires, if that is said', async () => {
      const key = await createApiKey(owner, ['models.read'], { expiresAt: null });
      expect(await findKey(owner, key.userId)).toMatchObject({ expiresAt: null, status: 'active' });
      expect((await key.get('/api/v1/models')).status).toBe(200);
    });

    it('last used when it last called, written once a minute at most', async () => {
      const key = await createApiKey(owner, ['models.read']);
      expect(await findKey(owner, key.userId)).toMatchObject({ lastUsedAt: null });
      await Promise.all(Array.from({ length: 20 }, () => key.get('/api/v1/models')));
      await eventually(async () => (await findKey(owner, key.userId))!.lastUsedAt !== null);
      const { lastUsedAt } = (await findKey(owner, key.userId))!;
      expect(Math.abs(Date.parse(lastUsedAt) - Date.now())).toBeLessThan(10_000);
      const [written] = await sql('select xmin::text from api_key where id = $1', [key.userId]);
      for (let call = 0; call < 5; call += 1) await key.get('/api/v1/models');
      expect(await sql('select xmin::text from api_key where id = $1', [key.userId])).toEqual([written]);
    });

    it('which outlives who made it, and says so', async () => {
      const admin = await addMember(app, owner, 'admin');
      const key = await createApiKey(admin, ['models.read']);
      const maker = async () => (await findKey(owner, key.userId))!.createdBy;
      expect(await maker()).toEqual({ userId: admin.userId, name: expect.any(String), role: 'admin' });
      const removal = { memberIdOrEmail: admin.email, organizationId: owner.teamId };
      expectStatus(await owner.post('/api/auth/organization/remove-member', removal));
      expect(await maker()).toEqual({ userId: admin.userId, name: expect.any(String), role: null });
      expect((await key.get('/api/v1/models')).status).toBe(200);
      await sql('delete from auth_user where id = $1', [admin.userId]);
      expect(await maker()).toEqual({ userId: admin.userId, role: null });
    });
  });

  describe('are revoked', () => {
    it('by admins of the team alone: to others there is none', async () => {
      const key = await createApiKey(owner, ['models.read']);
      const never = uuidv7();
      for (const call of [
        (id: string): Promise<Answer> => stranger.delete(`${path}/${id}`),
        (keyId: string): Promise<Answer> => stranger.mutate('apiKeys.delete', { keyId }),
      ]) {
        const [known, unknown] = [await call(key.userId), await call(never)];
        expect(known.status).toBe(404);
        expect(textOf(known)).toBe(textOf(unknown));
      }
      expect((await listKeys(stranger)).map(({ id }) => id)).not.toContain(key.userId);
      expect((await key.get('/api/v1/models')).status).toBe(200);
    });

    it('at once, with all that was their own, and leave what ran on record', async () => {
      const key = await createApiKey(owner, ['chat.use', 'models.read']);
      const sessionId = await createSession(key);
      expect((await say(key, sessionId, { text: 'Before' })).status).toBe(200);
      await revoke(owner, key);
      expect((await key.get('/api/v1/models')).status).toBe(401);
      expect((await say(key, sessionId, { text: 'After' })).status).toBe(401);
      expect(await sql('select from auth_user where id = $1', [key.userId])).toEqual([]);
      expect(await sql('select from chat_session where id = $1', [sessionId])).toEqual([]);
      const { items } = expectStatus(await owner.get(`/api/v1/executions?userId=${key.userId}`));
      expect(items).toHaveLength(1);
      expect((await owner.delete(`${path}/${key.userId}`)).status).toBe(404);
      const [event] = await readEvents(owner, `targetId=${key.userId}`);
      expect(event).toMatchObject({ action: 'apiKeys.delete', actor: { type: 'user', id: owner.userId } });
    });

    it('while they are in the middle of an answer, without a fault of ours', async () => {
      const key = await createApiKey(owner, ['chat.use']);
      const sessionId = await createSession(key);
      const answer = await openAnswer(key, sessionId, { text: slowly(200, 40) });
      await answer.readWords(5);
      await revoke(owner, key);
      expect(await answer.readAll()).not.toContain('w199'); // its conversation is gone, and nothing is said in it any more
      expect((await key.get('/api/v1/chat/sessions')).status).toBe(401);
      expect(listFaults(app)).toEqual([]);
    });

    it('by themselves, if they may, and make no key at that moment', async () => {
      const key = await createApiKey(owner, ['apiKeys.write']);
      const answers = await Promise.all([
        ...Array.from({ length: 4 }, () => key.post(path, { name: 'Offspring', scopes: ['apiKeys.write'] })),
        key.delete(`${path}/${key.userId}`),
        ...Array.from({ length: 4 }, () => key.post(path, { name: 'Offspring', scopes: ['apiKeys.write'] })),
      ]);
      for (const { status } of answers) expect([201, 204, 401]).toContain(status);
      const events = (await readEvents(owner, `actorId=${key.userId}&limit=200`)).map(({ action }) => action);
      expect(events[0]).toBe('apiKeys.delete'); // newest first: nothing was made after it
    });

    it('with their team, remembered or not', async () => {
      const doomed = await createTeam(await signUp(app));
      const key = await createApiKey(doomed, ['models.read']);
      const idle = await createApiKey(doomed, ['models.read']);
      expect((await key.get('/api/v1/models')).status).toBe(200);
      expectStatus(await doomed.post('/api/auth/organization/delete', { organizationId: doomed.teamId }));
      for (const { token } of [key, idle]) {
        const { status, body } = await new Client(app.url, token).get('/api/v1/models');
        expect([status, body.error.message]).toEqual([401, notValid]);
      }
      expect(await sql('select from auth_user where id in ($1, $2)', [key.userId, idle.userId])).toEqual([]);
    });

    onServer('on every replica', async () => {
      const other = await startTestApp({}, app.database);
      try {
        const key = await createApiKey(owner, ['models.read']);
        const there = new Client(other.url, key.token);
        expect((await there.get('/api/v1/models')).status).toBe(200);
        await revoke(owner, key);
        const revokedAt = performance.now();
        await eventually(async () => (await there.get('/api/v1/models')).status === 401);
        expect(performance.now() - revokedAt).toBeLessThan(2_000); // far below what is remembered
      } finally {
        await other.close();
      }
    });
  });

  describe('in the database', () => {
    const asTeam = (teamId: string, statement: string, values: unknown[] = []) =>
      app.nest
        .get(TeamTransaction)
        .run({ teamId: toTeamId(teamId) }, (manager) => manager.query<Event[]>(statement, values));

    it('are read across teams by the owner of the table alone, to find out who calls', async () => {
      const policies = await sql(
        `select policyname, roles::text[], cmd, qual = 'true' as "isForAll" from pg_policies where tablename = 'api_key' order by 1`,
      );
      const [{ owner: tableOwner } = {}] = await sql(
        `select tableowner as owner from pg_tables where tablename = 'api_key'`,
      );
      expect(policies).toEqual([
        { policyname: 'identification', roles: [tableOwner], cmd: 'SELECT', isForAll: true },
        { policyname: 'team_isolation', roles: ['ai_studio_app'], cmd: 'ALL', isForAll: false },
      ]);
    });

    it('are seen and removed by their own team alone', async () => {
      const key = await createApiKey(owner, ['models.read']);
      expect(await asTeam(stranger.teamId, 'select id from api_key where id = $1', [key.userId])).toEqual([]);
      await asTeam(stranger.teamId, 'delete from api_key where id = $1', [key.userId]);
      expect(await findKey(owner, key.userId)).toBeDefined();
    });

    it.each([
      `update api_key set scopes = '["tokens.write"]'`,
      'update api_key set expires_at = null',
      'update api_key set digest = digest',
      'update api_key set team_id = team_id',
      `insert into auth_user (id, name, email) values (gen_random_uuid(), 'x', 'x')`,
      'select * from auth_user',
    ])('cannot be changed by the application, whatever its code says: %s', async (statement) => {
      await expect(asTeam(owner.teamId, statement)).rejects.toThrow(/permission denied/);
    });

    it('are not made for another team, nor in the place of an account', async () => {
      const insert = `insert into api_key (team_id, id, name, scopes, digest, last4, created_by, created_at)
        values ($1, $2, 'x', '[]', sha256('x'), 'x', $2, now())`;
      const values = [stranger.teamId, uuidv7()];
      await expect(asTeam(owner.teamId, insert, values)).rejects.toThrow(/row-level security/);
      expect(await sql('select from auth_user where id = $1', [values[1]])).toEqual([]);
      await expect(asTeam(owner.teamId, insert, [owner.teamId, stranger.userId])).rejects.toThrow(
        /auth_user_pkey/,
      );
    });

    it('lend their functions to nobody: no temporary table takes the place of accounts', async () => {
      const hang = `create temporary table mine (id uuid, name text);
        create trigger mine before insert on mine for each row execute function create_api_key_user()`;
      await expect(asTeam(owner.teamId, hang)).rejects.toThrow(/permission denied for function/);
    });
  });
});

describe('an instance whose only users are keys', () => {
  it('still makes the first person the platform admin', async () => {
    const app = await startTestApp({ AUTH_SIGN_UP: 'closed' });
    try {
      const first = await createTeam(await signUp(app));
      const key = await createApiKey(first, ['models.read']);
      const { pool } = app.nest.get(Database);
      const deletePeople = `delete from auth_user where kind = 'person'`; // by hand: the team and its keys stay
      await expect(pool.query(deletePeople)).rejects.toThrow(/a team keeps an owner/);
      await pool.query(`
        alter table team_member disable trigger keep_an_owner;
        ${deletePeople};
        alter table team_member enable trigger keep_an_owner;
      `);
      expect((await key.get('/api/v1/models')).status).toBe(200);
      const again = await signUp(app);
      expect((await again.get('/api/auth/get-session')).body.user.platformRole).toBe('platformAdmin');
    } finally {
      await app.close();
    }
  });
});
