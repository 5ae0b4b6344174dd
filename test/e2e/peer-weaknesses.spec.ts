import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { Database } from '../../src/platform/database';
import { startTestApp, type TestApp } from '../support/app';
import { addMember, Client, cookieOf, createTeam, signUp, type Answer } from '../support/client';
import { ServerProcesses } from '../support/process';
import { addTeamProvider, enableModel, expectStatus, findLeaks, modelPath } from '../support/providers';
import { listProcedures, restOutcome, textOf } from '../support/trpc';
import { startWireServer, type WireServer } from '../support/wire';

/* Starting an application takes its time on a busy machine. */
jest.setTimeout(120_000);

/** Routes of Better Auth that take something of a team: method, path and the field that names it. */
const sideDoors = [
  ['GET', 'get-organization', 'organizationId'],
  ['GET', 'get-full-organization', 'organizationId'],
  ['GET', 'get-full-organization/', 'organizationId'],
  ['GET', 'list-members', 'organizationId'],
  ['GET', 'list-invitations', 'organizationId'],
  ['GET', 'get-active-member-role', 'organizationId'],
  ['POST', 'set-active', 'organizationId'],
  ['POST', 'leave', 'organizationId'],
  ['GET', 'get-full-organization', 'organizationSlug'],
  ['POST', 'set-active', 'organizationSlug'],
  ['GET', 'list-members', 'organizationSlug'],
  ['GET', 'get-invitation', 'id'],
  ['POST', 'accept-invitation', 'invitationId'],
  ['POST', 'reject-invitation', 'invitationId'],
  ['POST', 'cancel-invitation', 'invitationId'],
  ['POST', 'remove-member', 'memberIdOrEmail'],
  ['POST', 'update-member-role', 'memberId'],
] as const;

/** What products of this kind were found to do, and this one was designed against: a test each, by its name. */
describe('a weakness of its peers', () => {
  let app: TestApp;
  let platformAdmin: Client;
  let owner: Client & { teamId: string };
  let member: Client;
  let stranger: Client & { teamId: string };
  let server: WireServer;
  let elsewhere: WireServer;

  beforeAll(async () => {
    [server, elsewhere] = [await startWireServer('openai'), await startWireServer('openai')];
    app = await startTestApp();
    platformAdmin = await createTeam(await signUp(app));
    owner = await createTeam(await signUp(app));
    member = await addMember(app, owner);
    stranger = await createTeam(await signUp(app));
  });

  afterEach(() => {
    server.reset();
    elsewhere.reset();
  });

  afterAll(async () => {
    await app.close();
    await server.close();
    await elsewhere.close();
  });

  describe('a stored key that is sent to a changed base URL', () => {
    it("is never, of a team's own endpoint: not in an execution, not in a test of the key or the model", async () => {
      const { id, providerId } = await addTeamProvider(owner, server, { name: 'moved' });
      expectStatus(await owner.patch(`/api/v1/team-providers/${providerId}`, { baseUrl: elsewhere.baseUrl }));
      await expectNoKeySent(id, providerId);

      // Back at the address that it was stored for, it opens again.
      expectStatus(await owner.patch(`/api/v1/team-providers/${providerId}`, { baseUrl: server.baseUrl }));
      expect((await owner.post(`${modelPath(id)}/test`)).status).toBe(200);
      expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
        'Bearer sk-moved-0123456789',
      ]);
    });

    it('is never, of a provider of every team, until it is stored again', async () => {
      const provider = { id: 'moving', kind: 'openai', displayName: 'Moving', baseUrl: server.baseUrl };
      expectStatus(await platformAdmin.post('/api/v1/providers', provider), 201);
      const model = { providerId: 'moving', modelKey: 'one', displayName: 'One' };
      const { id } = expectStatus(await platformAdmin.post('/api/v1/models', model), 201);
      expectStatus(await owner.put('/api/v1/tokens/moving', { token: 'sk-moving-0123456789' }));
      await enableModel(owner, id);
      expectStatus(await platformAdmin.patch('/api/v1/providers/moving', { baseUrl: elsewhere.baseUrl }));
      await expectNoKeySent(id, 'moving');

      expectStatus(await owner.put('/api/v1/tokens/moving', { token: 'sk-stored-again-0123' }));
      expect((await owner.post(`${modelPath(id)}/test`)).status).toBe(200);
      expect(elsewhere.requests.map(({ headers }) => headers.authorization)).toEqual([
        'Bearer sk-stored-again-0123',
      ]);
    });

    async function expectNoKeySent(modelId: string, providerId: string): Promise<void> {
      const session = expectStatus(await owner.post('/api/v1/chat/sessions', {}), 201);
      for (const refused of [
        await owner.post(`/api/v1/chat/sessions/${session.id}/messages`, { text: 'Hello', modelId }),
        await owner.post(`/api/v1/tokens/${providerId}/test`),
        await owner.post(`${modelPath(modelId)}/test`),
      ]) {
        expect([refused.status, refused.body.error.code]).toEqual([409, 'TOKEN_MISSING']);
        expect(refused.body.error.message).toContain('PUT /api/v1/tokens/');
      }
      const { items } = expectStatus(await owner.get('/api/v1/tokens'));
      expect(items).toContainEqual(expect.objectContaining({ providerId, status: 'wrongOrigin' }));
      expect(elsewhere.requests).toEqual([]);
    }
  });

  describe('a procedure that asks who calls, but not whether they may', () => {
    it('is none: a signed-in person without a team passes no door of a team, in REST and tRPC alike', async () => {
      const loner = await signUp(app);
      for (const { name, type } of listProcedures(app)) {
        const answer = type === 'mutation' ? await loner.mutate(name) : await loner.query(name, {});
        expect(`${name}: ${/"(?:VALIDATION_FAILED|FORBIDDEN)"/.test(answer.text)}`).toBe(`${name}: true`);
        expect(answer.text).not.toContain('"result":{"data"');
      }
    });

    it.each([
      ['PUT', '/api/v1/tokens/openai', { token: 'sk-by-a-member-0001' }],
      ['PATCH', '/api/v1/team-models/sandbox%2Fecho', { enabled: false }],
      ['POST', '/trpc/aiTokens.save', { providerId: 'openai', token: 'sk-by-a-member-0001' }],
      ['POST', '/trpc/aiTeamModels.toggle', { modelId: 'sandbox/echo', enabled: false }],
      ['POST', '/trpc/aiAgents.create', { name: 'x', instructions: 'x' }],
    ])('is none: a member does not what admins do, %s %s', async (method, path, body) => {
      const answer = await member.call(method, path, body);
      expect([answer.status, answer.text]).toEqual([403, expect.stringContaining('FORBIDDEN')]);
    });
  });

  describe('the id of another team, sent to a side door', () => {
    it.each(sideDoors)(
      'is answered as one that never was: %s organization/%s by %s',
      async (method, path, field) => {
        const ask = (value: string) => askFor(stranger, method, path, field, value);
        const known = await nameOf(field);
        const [there, never] = [await ask(known), await ask(field.endsWith('Slug') ? 'never-was' : uuidv7())];
        expect(textOf(there)).toBe(textOf(never));
        expect(there.status).toBeGreaterThanOrEqual(400);
      },
    );

    describe('beside a session of theirs in a cookie, with another Authorization', () => {
      it.each(['Basic eA==', 'Bearer garbage', 'Bearer ais_xxx', 'Bearer'])('%s', async (authorization) => {
        const cookie = await cookieOf(app, stranger.email!);
        const headers = { cookie, authorization, origin: app.url };
        const both = Object.assign(new Client(app.url), { headers: () => headers });
        for (const [method, path, field] of sideDoors) {
          const known = await nameOf(field);
          const never = field.endsWith('Slug') ? 'never-was' : uuidv7();
          const [there, nowhere] = [
            await askFor(both, method, path, field, known),
            await askFor(both, method, path, field, never),
          ];
          expect([path, field, textOf(there)]).toEqual([path, field, textOf(nowhere)]);
          expect([path, field, there.status]).toEqual([path, field, path.endsWith('/') ? 404 : 401]);
        }
      });
    });

    it('and the owner of an invitation still finds it', async () => {
      const guest = await signUp(app);
      const invitation = { email: guest.email, role: 'member', organizationId: owner.teamId };
      const { id } = expectStatus(await owner.post('/api/auth/organization/invite-member', invitation));
      expect((await guest.get(`/api/auth/organization/get-invitation?id=${id}`)).body.id).toBe(id);
      expectStatus(await guest.post('/api/auth/organization/reject-invitation', { invitationId: id }));
    });

    async function nameOf(field: string): Promise<string> {
      const team = expectStatus(
        await owner.get(`/api/auth/organization/get-full-organization?organizationId=${owner.teamId}`),
      );
      if (field === 'organizationId') return team.id;
      if (field === 'organizationSlug') return team.slug;
      if (field.startsWith('member')) return team.members[0].id; // the owner: whose last one stays is told apart, too
      const email = `guest-${randomBytes(4).toString('hex')}@example.com`;
      const invitation = { email, role: 'member', organizationId: owner.teamId };
      return expectStatus(await owner.post('/api/auth/organization/invite-member', invitation)).id;
    }
  });

  describe('a role, team or owner that a body brings along', () => {
    it('is not taken at sign-up: no id, platform role, role or team', async () => {
      const { userId: id, teamId } = owner;
      const extra = {
        id,
        platformRole: 'platformAdmin',
        role: 'owner',
        teamId,
        activeOrganizationId: teamId,
      };
      const account = { name: 'greedy', email: 'greedy@example.com', password: 'correct horse battery' };
      const answer = await new Client(app.url).post('/api/auth/sign-up/email', { ...account, ...extra });
      const person = new Client(app.url, answer.headers.get('set-auth-token')!);
      expect(answer.body.user.id).not.toBe(id);
      expect(answer.body.user.platformRole).toBe('user');
      expect((await restOutcome(person.get('/api/v1/models'))).code).toBe('VALIDATION_FAILED');
      expect((await restOutcome(person.inTeam(teamId).get('/api/v1/models'))).code).toBe('NOT_FOUND');
      expect((await restOutcome(person.patch('/api/v1/providers/groq'))).code).toBe('FORBIDDEN');
    });

    it.each([
      ['POST', 'chat/sessions', { title: 'x' }],
      ['PUT', 'app-config/aiStudio/me', { config: {} }],
      ['PUT', 'app-config/aiStudio/team', { config: {} }],
      ['PUT', 'tokens/openai', { token: 'sk-greedy-000001' }],
      ['POST', 'team-providers', { displayName: 'greedy', baseUrl: 'http://127.0.0.1:9/v1' }],
      ['PATCH', 'team-models/sandbox%2Fecho', { enabled: true }],
      ['PUT', 'team-models/default', { modelId: 'sandbox/echo' }],
      ['POST', 'agents', { name: 'greedy', instructions: 'x' }],
    ])('is refused: %s %s takes no id, team, user, role or scope from a body', async (method, path, body) => {
      const foreign = stranger.userId;
      const extras = {
        id: uuidv7(),
        teamId: uuidv7(),
        userId: foreign,
        role: 'owner',
        scopes: ['*'],
        createdAt: '2020-01-01',
        updatedBy: foreign,
      };
      for (const [field, value] of Object.entries(extras)) {
        const outcome = await restOutcome(owner.call(method, `/api/v1/${path}`, { ...body, [field]: value }));
        expect(outcome).toMatchObject({
          code: 'VALIDATION_FAILED',
          details: { fields: [{ field, problem: 'is not a known field' }] },
        });
      }
    });
  });

  describe('a secret in health or in an error', () => {
    it('is in neither health, the API document, an error, nor the log, when the database breaks under a call', async () => {
      const broken = await startTestApp({ AUTH_SECRET: 'canary-auth-secret-9f2c71d8e4b65a03' });
      try {
        const admin = await createTeam(await signUp(broken));
        const { pool } = broken.nest.get(Database);
        await pool.query('alter table ai_team_token rename to gone');
        const answers = [
          await admin.put('/api/v1/tokens/openai', { token: 'sk-canary-key-0123456789' }),
          await admin.get('/api/v1/tokens'),
          await admin.get('/health/live'),
          await admin.get('/health/ready'),
          await admin.get('/docs/openapi.json'),
        ];
        expect(answers.map(({ status }) => status)).toEqual([500, 500, 200, 200, 200]);
        expect(answers[2]?.body).toEqual({ status: 'ok' });
        expect(answers[3]?.body).toEqual({ status: 'ok' });
        const texts = answers
          .map(({ text, headers }) => `${text} ${JSON.stringify([...headers])}`)
          .join('\n');
        const places = { answers: texts, logs: broken.logs.join('\n') };
        for (const secret of ['sk-canary-key-0123456789', 'canary-auth-secret-9f2c71d8e4b65a03'])
          expect(findLeaks(secret, places)).toEqual([]);
        for (const inside of ['ai_team_token', 'relation', 'node_modules', broken.env.dataDir])
          expect(texts.slice(0, texts.indexOf('openapi'))).not.toContain(inside);
      } finally {
        await broken.close();
      }
    });
  });

  describe('an insecure default', () => {
    it('starts nothing in production: neither without keys of its own, nor with an example key', async () => {
      const dataDir = mkdtempSync(join(tmpdir(), 'ai-studio-empty-'));
      const processes = new ServerProcesses();
      const refuse = async (variables: Record<string, string>) => {
        const started = processes.spawn({ dataDir, databaseUrl: undefined }, variables);
        return { code: (await started.exited).code, output: started.output };
      };
      const kek = (bytes: Buffer) => `k1:${bytes.toString('base64')}`;
      const [own, example] = [kek(randomBytes(32)), kek(Buffer.alloc(32, 1))];
      try {
        const [bare, withoutSecret, withExample] = await Promise.all([
          refuse({ NODE_ENV: 'production' }),
          refuse({ NODE_ENV: 'production', AI_STUDIO_KEK: own }),
          refuse({
            NODE_ENV: 'production',
            AI_STUDIO_KEK: example,
            AUTH_SECRET: randomBytes(32).toString('hex'),
          }),
        ]);
        expect(bare).toEqual({ code: 1, output: expect.stringMatching(/AI_STUDIO_KEK[^]*AUTH_SECRET/) });
        expect(withoutSecret).toEqual({ code: 1, output: expect.stringContaining('AUTH_SECRET') });
        expect(withoutSecret.output).not.toContain('AI_STUDIO_KEK must');
        expect(withExample).toEqual({ code: 1, output: expect.stringContaining('example') });
        expect(withExample.output).not.toContain(example.slice(3));
      } finally {
        await processes.close();
        rmSync(dataDir, { recursive: true, force: true });
      }
    });
  });
});

function askFor(client: Client, method: string, path: string, field: string, value: string): Promise<Answer> {
  const door = `/api/auth/organization/${path}`;
  const sent: Record<string, string> = { [field]: value };
  if (field === 'memberId') sent.role = 'member';
  return method === 'GET'
    ? client.get(`${door}?${new URLSearchParams(sent).toString()}`)
    : client.post(door, sent);
}
