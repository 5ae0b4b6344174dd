import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Permission } from '../../src/identity';
import { permissions } from '../../src/identity';
import { BETTER_AUTH, type BetterAuth } from '../../src/identity/better-auth/better-auth';
import { Database } from '../../src/platform/database';
import { startTestApp, type TestApp } from '../support/app';
import { addMember, Client, createTeam, signUp, type Answer } from '../support/client';
import {
  listProcedures,
  restOutcome,
  textOf,
  trpcOf,
  trpcOutcome,
  type Outcome,
  type Trpc,
} from '../support/trpc';

const onServer = process.env.DATABASE_URL ? it : it.skip;

type Role = 'public' | 'member' | 'admin' | 'platformAdmin';
type Who =
  'nobody' | 'an outsider' | 'a member' | 'an admin' | 'the owner' | 'the platform admin without a team';

/** Written out, not derived: this is the policy. */
const policy: Record<Role, Record<Who, Outcome['code']>> = {
  public: everybody('OK'),
  member: { ...everybody('OK'), ...strangers(), 'the platform admin without a team': 'VALIDATION_FAILED' },
  admin: {
    ...everybody('OK'),
    ...strangers(),
    'a member': 'FORBIDDEN',
    'the platform admin without a team': 'VALIDATION_FAILED',
  },
  platformAdmin: { ...everybody('FORBIDDEN'), ...strangers(), 'the platform admin without a team': 'OK' },
};

/** One route and one procedure that ask for a permission. */
interface Door {
  role: Role;
  rest: (client: Client) => Promise<Answer>;
  trpc?: (trpc: Trpc) => Promise<unknown>;
}

const uniqueName = () => `endpoint-${randomBytes(6).toString('hex')}`;
const endpoint = () => ({ displayName: uniqueName(), baseUrl: 'http://127.0.0.1:9/v1' });
const agent = () => ({ name: uniqueName(), instructions: 'Answer.' });
const apiKey = () => ({ name: uniqueName(), scopes: ['chat.use' as const] });

/** Whoever has it may read metrics, and nobody else, whatever their role: test/e2e/metrics.spec.ts. */
const metricsToken = randomBytes(16).toString('hex');

/** A permission that no door asks for: a service does, of who came through another's. */
const withoutDoor: Permission[] = ['executions.readTeam'];

const doors: Partial<Record<Permission, Door>> = {
  'health.read': { role: 'public', rest: (client) => client.get('/health/live') },
  'metrics.read': {
    role: 'public',
    rest: ({ url }) => new Client(url, metricsToken).get('/metrics'),
  },
  'auth.use': { role: 'public', rest: (client) => client.get('/api/auth/ok') },
  'appConfig.readTeam': {
    role: 'member',
    rest: (client) => client.get('/api/v1/app-config/chat/team'),
    trpc: (trpc) => trpc.app.getAppTeamConfig.query({ appId: 'chat' }),
  },
  'appConfig.writeTeam': {
    role: 'admin',
    rest: (client) => client.put('/api/v1/app-config/chat/team', { config: {} }),
    trpc: (trpc) => trpc.app.saveAppTeamConfig.mutate({ appId: 'chat', config: {} }),
  },
  'appConfig.readOwn': {
    role: 'member',
    rest: (client) => client.get('/api/v1/app-config/chat/me'),
    trpc: (trpc) => trpc.app.getUserAppTeamConfig.query({ appId: 'chat' }),
  },
  'appConfig.writeOwn': {
    role: 'member',
    rest: (client) => client.put('/api/v1/app-config/chat/me', { config: {} }),
    trpc: (trpc) => trpc.app.saveUserAppTeamConfig.mutate({ appId: 'chat', config: {} }),
  },
  'providers.read': {
    role: 'member',
    rest: (client) => client.get('/api/v1/providers'),
    trpc: (trpc) => trpc.aiProviders.find.query(),
  },
  'providers.write': {
    role: 'platformAdmin',
    rest: (client) => client.patch('/api/v1/providers/groq', { displayName: 'Groq' }),
    trpc: (trpc) => trpc.aiProviders.update.mutate({ providerId: 'groq', displayName: 'Groq' }),
  },
  'teamProviders.write': {
    role: 'admin',
    rest: (client) => client.post('/api/v1/team-providers', endpoint()),
    trpc: (trpc) => trpc.aiProviders.createForTeam.mutate(endpoint()),
  },
  'tokens.read': {
    role: 'admin',
    rest: (client) => client.get('/api/v1/tokens'),
    trpc: (trpc) => trpc.aiTokens.find.query(),
  },
  'tokens.write': {
    role: 'admin',
    rest: (client) => client.put('/api/v1/tokens/openai', { token: 'sk-role-table-0001' }),
    trpc: (trpc) => trpc.aiTokens.save.mutate({ providerId: 'openai', token: 'sk-role-table-0001' }),
  },
  'models.read': {
    role: 'member',
    rest: (client) => client.get('/api/v1/models'),
    trpc: (trpc) => trpc.aiModels.find.query({}),
  },
  'models.write': {
    role: 'platformAdmin',
    rest: (client) => client.patch('/api/v1/models/sandbox%2Fecho', { contextWindow: 1_000_000 }),
    trpc: (trpc) => trpc.aiModels.update.mutate({ modelId: 'sandbox/echo', contextWindow: 1_000_000 }),
  },
  'teamModels.read': {
    role: 'member',
    rest: (client) => client.get('/api/v1/team-models/default'),
    trpc: (trpc) => trpc.aiTeamModels.getDefault.query(),
  },
  'teamModels.write': {
    role: 'admin',
    rest: (client) => client.patch('/api/v1/team-models/sandbox%2Fecho', { enabled: true }),
    trpc: (trpc) => trpc.aiTeamModels.toggle.mutate({ modelId: 'sandbox/echo', enabled: true }),
  },
  'agents.read': {
    role: 'member',
    rest: (client) => client.get('/api/v1/agents'),
    trpc: (trpc) => trpc.aiAgents.find.query({}),
  },
  'agents.write': {
    role: 'admin',
    rest: (client) => client.post('/api/v1/agents', agent()),
    trpc: (trpc) => trpc.aiAgents.create.mutate(agent()),
  },
  'prompts.read': {
    role: 'member',
    rest: (client) => client.get('/api/v1/prompts/preview'),
    trpc: (trpc) => trpc.aiPrompts.getSystemPrompt.query({}),
  },
  'executions.read': {
    role: 'member',
    rest: (client) => client.get('/api/v1/executions'),
    trpc: (trpc) => trpc.aiExecutions.find.query({}),
  },
  'apiKeys.read': {
    role: 'admin',
    rest: (client) => client.get('/api/v1/api-keys'),
    trpc: (trpc) => trpc.apiKeys.find.query({}),
  },
  'apiKeys.write': {
    role: 'admin',
    rest: (client) => client.post('/api/v1/api-keys', apiKey()),
    trpc: (trpc) => trpc.apiKeys.create.mutate(apiKey()),
  },
  'audit.read': {
    role: 'admin',
    rest: (client) => client.get('/api/v1/audit-events'),
    trpc: (trpc) => trpc.aiAudit.find.query({}),
  },
  'chat.use': {
    role: 'member',
    rest: (client) => client.post('/api/v1/chat/sessions', {}),
    trpc: (trpc) => trpc.chat.createSession.mutate({}),
  },
};

/** Who may call which route: the API contract's third column. A route that is not here fails a test below. */
const routes: Record<Role, string[]> = {
  public: ['GET /health/live', 'GET /health/ready'],
  member: [
    'GET /api/v1/app-config/{appId}/team',
    'GET /api/v1/app-config/{appId}/me',
    'PUT /api/v1/app-config/{appId}/me',
    'GET /api/v1/providers',
    'GET /api/v1/models',
    'GET /api/v1/team-models',
    'GET /api/v1/team-models/default',
    'GET /api/v1/agents',
    'GET /api/v1/agents/{agentId}',
    'GET /api/v1/prompts/preview',
    'GET /api/v1/executions',
    'GET /api/v1/executions/{executionId}/prompt',
    'GET /api/v1/chat/sessions',
    'POST /api/v1/chat/sessions',
    'GET /api/v1/chat/sessions/{sessionId}',
    'GET /api/v1/chat/sessions/{sessionId}/prompt',
    'PATCH /api/v1/chat/sessions/{sessionId}',
    'DELETE /api/v1/chat/sessions/{sessionId}',
    'GET /api/v1/chat/sessions/{sessionId}/messages',
    'POST /api/v1/chat/sessions/{sessionId}/messages',
    'GET /api/v1/chat/sessions/{sessionId}/messages/{messageId}/context',
    'GET /api/v1/chat/sessions/{sessionId}/stream',
    'POST /api/v1/chat/sessions/{sessionId}/stop',
    'POST /api/v1/chat/sessions/{sessionId}/messages/{messageId}/regenerate',
    'GET /api/v1/chat/sessions/{sessionId}/export',
    'GET /api/v1/chat/sessions/{sessionId}/files/{fileId}',
    'GET /api/v1/chat/folders',
    'POST /api/v1/chat/folders',
    'PATCH /api/v1/chat/folders/{folderId}',
    'DELETE /api/v1/chat/folders/{folderId}',
    'POST /api/v1/chat',
    'GET /api/v1/chat/{chatId}/stream',
    'GET /api/v1/chat/{chatId}/messages',
    'POST /api/v1/chat/{chatId}/stop',
  ],
  admin: [
    'PUT /api/v1/app-config/{appId}/team',
    'POST /api/v1/team-providers',
    'PATCH /api/v1/team-providers/{providerId}',
    'DELETE /api/v1/team-providers/{providerId}',
    'GET /api/v1/tokens',
    'PUT /api/v1/tokens/{providerId}',
    'POST /api/v1/tokens/{providerId}/test',
    'DELETE /api/v1/tokens/{providerId}',
    'PATCH /api/v1/team-models/{modelId}',
    'PUT /api/v1/team-models/default',
    'PUT /api/v1/team-models/order',
    'POST /api/v1/team-models/{modelId}/test',
    'POST /api/v1/agents',
    'PATCH /api/v1/agents/{agentId}',
    'DELETE /api/v1/agents/{agentId}',
    'GET /api/v1/agents/{agentId}/versions',
    'POST /api/v1/agents/{agentId}/rollback',
    'GET /api/v1/audit-events',
    'GET /api/v1/api-keys',
    'POST /api/v1/api-keys',
    'DELETE /api/v1/api-keys/{keyId}',
  ],
  platformAdmin: [
    'POST /api/v1/providers',
    'PATCH /api/v1/providers/{providerId}',
    'DELETE /api/v1/providers/{providerId}',
    'POST /api/v1/models',
    'PATCH /api/v1/models/{modelId}',
    'DELETE /api/v1/models/{modelId}',
    'POST /api/v1/model-sync/{providerId}/diff',
    'POST /api/v1/model-sync/{providerId}/apply',
    'GET /api/v1/model-sync/runs',
  ],
};

const procedures: Record<Role, string[]> = {
  public: [],
  member: [
    'app.getAppTeamConfig',
    'app.getUserAppTeamConfig',
    'app.saveUserAppTeamConfig',
    'aiProviders.find',
    'aiModels.find',
    'aiTeamModels.findAvailable',
    'aiTeamModels.getDefault',
    'aiAgents.find',
    'aiAgents.get',
    'aiPrompts.getSystemPrompt',
    'aiExecutions.find',
    'aiExecutions.getPrompt',
    'chat.createSession',
    'chat.findSessions',
    'chat.getSession',
    'chat.getSystemPrompt',
    'chat.updateSession',
    'chat.deleteSession',
    'chat.getMessages',
    'chat.getContext',
    'chat.sendMessage',
    'chat.resumeMessage',
    'chat.stop',
    'chat.regenerate',
    'chat.exportSession',
    'chat.getFile',
    'chat.findFolders',
    'chat.createFolder',
    'chat.updateFolder',
    'chat.deleteFolder',
  ],
  admin: [
    'app.saveAppTeamConfig',
    'aiProviders.createForTeam',
    'aiProviders.updateForTeam',
    'aiProviders.deleteForTeam',
    'aiTokens.find',
    'aiTokens.save',
    'aiTokens.test',
    'aiTokens.removeByProvider',
    'aiTeamModels.update',
    'aiTeamModels.toggle',
    'aiTeamModels.setDefault',
    'aiTeamModels.reorder',
    'aiTeamModels.test',
    'aiAgents.create',
    'aiAgents.update',
    'aiAgents.delete',
    'aiAgents.findVersions',
    'aiAgents.rollback',
    'aiAudit.find',
    'apiKeys.find',
    'apiKeys.create',
    'apiKeys.delete',
  ],
  platformAdmin: [
    'aiProviders.create',
    'aiProviders.update',
    'aiProviders.delete',
    'aiModels.create',
    'aiModels.update',
    'aiModels.delete',
    'aiModelSync.diff',
    'aiModelSync.apply',
    'aiModelSync.findRuns',
  ],
};

describe('roles', () => {
  let app: TestApp;
  let people: Record<Who, Client>;
  let owner: Client & { teamId: string };

  beforeAll(async () => {
    app = await startTestApp({ METRICS_TOKEN: metricsToken });
    const platformAdmin = await signUp(app);
    owner = await createTeam(await signUp(app));
    const outsider = await createTeam(await signUp(app));
    people = {
      nobody: new Client(app.url, undefined, owner.teamId),
      'an outsider': outsider.inTeam(owner.teamId),
      'a member': await addMember(app, owner, 'member'),
      'an admin': await addMember(app, owner, 'admin'),
      'the owner': owner,
      'the platform admin without a team': platformAdmin,
    };
  });

  afterAll(() => app.close());

  it('has a route and a procedure for each permission below', () => {
    expect([...Object.keys(doors), ...withoutDoor].toSorted()).toEqual(Object.keys(permissions).toSorted());
  });

  describe.each(Object.entries(doors))('%s', (permission, { role, rest, trpc }) => {
    it.each(Object.entries(policy[role]) as [Who, Outcome['code']][])(
      'answers %s with %s',
      async (who, code) => {
        const outcome = await restOutcome(rest(people[who]));
        expect(outcome.code).toBe(code);
        if (code === 'FORBIDDEN') expect(outcome.details).toEqual({ permission });
        if (trpc) expect(await trpcOutcome(trpc(trpcOf(people[who])))).toEqual(outcome);
      },
    );
  });

  it('names every route of the API document and every procedure of the router', async () => {
    const { body } = await people.nobody.get('/docs/openapi.json');
    const documented = Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect([...Object.values(routes).flat(), 'GET /metrics'].toSorted()).toEqual(documented.toSorted());
    expect(Object.values(procedures).flat().toSorted()).toEqual(
      listProcedures(app)
        .map(({ name }) => name)
        .toSorted(),
    );
  });

  it.each(['nobody', 'an outsider', 'a member', 'an admin', 'the owner'] as const)(
    'lets %s through no route or procedure that is not theirs',
    async (who) => {
      for (const role of ['public', 'member', 'admin', 'platformAdmin'] as const) {
        const expected = policy[role][who];
        for (const route of routes[role])
          expect(`${route} ${await knock(route)}`).toBe(`${route} ${expected}`);
        for (const name of procedures[role])
          expect(`${name} ${await knockAtProcedure(name)}`).toBe(`${name} ${expected}`);
      }

      /** Empty bodies and ids that never were change nothing; whoever may pass is told so, or that there is none. */
      async function knock(route: string): Promise<string> {
        const [method = '', path = ''] = route.split(' ');
        const answer = await people[who].call(
          method,
          path.replace(/\{\w+\}/g, uuidv7()),
          method === 'GET' ? undefined : {},
        );
        return passed(answer.status < 300 ? 'OK' : answer.body.error);
      }

      async function knockAtProcedure(name: string): Promise<string> {
        const { type } = listProcedures(app).find((procedure) => procedure.name === name)!;
        const answer =
          type === 'mutation' ? await people[who].mutate(name) : await people[who].query(name, {});
        const event = /event: serialized-error\ndata: (.*)/.exec(answer.text)?.[1];
        const error = type === 'subscription' ? JSON.parse(event!) : answer.body.error;
        return passed(answer.status < 300 && type !== 'subscription' ? 'OK' : error.data.error);
      }
    },
  );

  it('lets the platform admin change no team that they are not in', async () => {
    const visitor = people['the platform admin without a team'].inTeam(owner.teamId);
    for (const door of [...routes.member, ...routes.admin]) {
      const [method = '', path = ''] = door.split(' ');
      const answer = await visitor.call(
        method,
        path.replace(/\{\w+\}/g, uuidv7()),
        method === 'GET' ? undefined : {},
      );
      expect(`${door} ${answer.status} ${answer.body.error.message}`).toBe(
        `${door} 404 The team was not found.`,
      );
    }
  });

  describe('somebody whose role changes', () => {
    it('loses what the role allowed at the next call, though they called a moment before', async () => {
      const admin = await addMember(app, owner, 'admin');
      expect(await both(admin)).toBe('OK');
      await setRole(admin, 'member');
      expect(await both(admin)).toBe('FORBIDDEN');
      await setRole(admin, 'admin');
      expect(await both(admin)).toBe('OK');
    });

    it('loses the team at the next call after being removed, with and without naming it', async () => {
      const member = await addMember(app, owner, 'admin');
      await member.post('/api/auth/organization/set-active', { organizationId: owner.teamId });
      const unnamed = new Client(app.url, member.token);
      expect([await both(member), await both(unnamed)]).toEqual(['OK', 'OK']);

      const removed = await owner.post('/api/auth/organization/remove-member', {
        memberIdOrEmail: member.email,
        organizationId: owner.teamId,
      });
      expect(removed.status).toBe(200);
      expect([await both(member), await both(unnamed)]).toEqual(['NOT_FOUND', 'VALIDATION_FAILED']);
    });

    it('loses the team at the next call after leaving it', async () => {
      const member = await addMember(app, owner, 'admin');
      expect(await both(member)).toBe('OK');
      expect(
        (await member.post('/api/auth/organization/leave', { organizationId: owner.teamId })).status,
      ).toBe(200);
      expect(await both(member)).toBe('NOT_FOUND');
    });

    it('keeps the highest of several roles', async () => {
      const member = await addMember(app, owner);
      await setRole(member, ['member', 'admin']);
      expect(await both(member)).toBe('OK');
    });

    async function setRole(person: Client, role: string | string[]): Promise<void> {
      const list = await owner.get(`/api/auth/organization/list-members?organizationId=${owner.teamId}`);
      const memberId = list.body.members.find(
        ({ userId }: { userId: string }) => userId === person.userId,
      ).id;
      const answer = await owner.post('/api/auth/organization/update-member-role', {
        memberId,
        role,
        organizationId: owner.teamId,
      });
      expect(answer.status).toBe(200);
    }

    async function both(client: Client): Promise<Outcome['code']> {
      const rest = await restOutcome(client.get('/api/v1/tokens'));
      expect(await trpcOutcome(trpcOf(client, 'single').aiTokens.find.query())).toEqual(rest);
      return rest.code;
    }
  });

  describe('the last two owners of a team, who go at one moment', () => {
    const rounds = 20;
    const asOnlyOwner = 'YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER';
    const withoutOwner = 'YOU_CANNOT_LEAVE_THE_ORGANIZATION_WITHOUT_AN_OWNER';
    const door = (name: string) => `/api/auth/organization/${name}`;
    type Owner = Client & { teamId: string };
    let first: Client;
    let second: Client;

    beforeEach(async () => {
      first = await signUp(app);
      second = await signUp(app);
    });

    /** A team with both, the ids of their memberships, and how many owners it has in the end. */
    async function makeTeam(): Promise<{ owners: [Owner, Client]; ids: string[]; count(): Promise<number> }> {
      const owners: [Owner, Client] = [await createTeam(first), second];
      const { teamId: organizationId } = owners[0];
      const { pool } = app.nest.get(Database);
      const { rows } = await pool.query<{ id: string }>(
        'select id from team_member where team_id = $1 and user_id = $2',
        [organizationId, first.userId],
      );
      const other = uuidv7();
      await pool.query(`insert into team_member (id, team_id, user_id, role) values ($1, $2, $3, 'owner')`, [
        other,
        organizationId,
        second.userId,
      ]);
      const count = async () =>
        Number(
          (
            await pool.query(
              `select count(*) as n from team_member where team_id = $1 and 'owner' = any(string_to_array(role, ','))`,
              [organizationId],
            )
          ).rows[0].n,
        );
      return { owners, ids: [rows[0]!.id, other], count };
    }

    it.each<
      [
        string,
        string[],
        (person: Client, organizationId: string, ids: string[], index: number) => Promise<Answer>,
      ]
    >([
      [
        'make each other members',
        [withoutOwner, 'YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER'], // who is late enough is none any more
        (person, organizationId, ids, index) =>
          person.post(door('update-member-role'), {
            memberId: ids[1 - index],
            role: 'member',
            organizationId,
          }),
      ],
      ['leave', [asOnlyOwner], (person, organizationId) => person.post(door('leave'), { organizationId })],
      [
        'remove themselves',
        [asOnlyOwner],
        (person, organizationId, ids, index) =>
          person.post(door('remove-member'), { memberIdOrEmail: ids[index], organizationId }),
      ],
      [
        'become members',
        [withoutOwner],
        (person, organizationId, ids, index) =>
          person.post(door('update-member-role'), { memberId: ids[index], role: 'member', organizationId }),
      ],
      [
        'leave and become a member',
        [asOnlyOwner, withoutOwner],
        (person, organizationId, ids, index) =>
          index === 0
            ? person.post(door('leave'), { organizationId })
            : person.post(door('update-member-role'), { memberId: ids[1], role: 'member', organizationId }),
      ],
    ])('%s: one does, one is told why not', async (_how, codes, go) => {
      for (let round = 0; round < rounds; round += 1) {
        const { owners, ids, count } = await makeTeam();
        const answers = await Promise.all(
          owners.map((person, index) => go(person, owners[0].teamId, ids, index)),
        );
        const refused = answers.filter(({ status }) => status !== 200);
        expect(refused).toHaveLength(1);
        expect([400, 403]).toContain(refused[0]!.status);
        expect(codes).toContain(refused[0]!.body.code);
        expect(await count()).toBe(1);
      }
    });

    it('keep nobody from deleting the team at the same moment', async () => {
      for (let round = 0; round < rounds; round += 1) {
        const { owners } = await makeTeam();
        const { teamId: organizationId } = owners[0];
        const [deleted, left] = await Promise.all([
          owners[0].post(door('delete'), { organizationId }),
          owners[1].post(door('leave'), { organizationId }),
        ]);
        expect(deleted.status).toBe(200);
        expect([200, 400]).toContain(left.status);
      }
    });

    describe('in the database, whatever statement it is', () => {
      const refusal = /a team keeps an owner/;
      const sql = (statement: string, values: unknown[]) =>
        app.nest.get(Database).pool.query(statement, values);
      const demote = `update team_member set role = 'member' where team_id = $1`;

      /** All or none of the statements. */
      async function inTransaction(...statements: [text: string, values: unknown[]][]): Promise<void> {
        const client = await app.nest.get(Database).connect();
        try {
          await client.query('begin');
          for (const [text, values] of statements) await client.query(text, values);
          await client.query('commit');
        } finally {
          await client.query('rollback');
          client.release();
        }
      }

      it.each<[string, (teamId: string, ids: string[]) => Promise<unknown>]>([
        ['change both roles', (teamId) => sql(demote, [teamId])],
        ['remove both', (teamId) => sql('delete from team_member where team_id = $1', [teamId])],
        [
          'delete both accounts',
          () => sql('delete from auth_user where id in ($1, $2)', [first.userId, second.userId]),
        ],
        [
          'take one to another team, remove the other',
          async (_teamId, ids) => {
            const elsewhere = await createTeam(await signUp(app));
            const move = 'update team_member set team_id = $2 where id = $1';
            await inTransaction(
              [move, [ids[0], elsewhere.teamId]],
              ['delete from team_member where id = $1', [ids[1]]],
            );
          },
        ],
      ])('cannot go: %s', async (_how, go) => {
        const { owners, ids, count } = await makeTeam();
        await expect(go(owners[0].teamId, ids)).rejects.toThrow(refusal);
        expect(await count()).toBe(2);
      });

      it('may go one after the other, hand over in any order, and go with their team', async () => {
        const { owners, ids, count } = await makeTeam();
        const { teamId } = owners[0];
        await sql('delete from auth_user where id = $1', [second.userId]);
        expect(await count()).toBe(1);
        const next = uuidv7();
        const heir = await signUp(app);
        await inTransaction(
          [demote, [teamId]],
          [`insert into team_member (id, team_id, user_id) values ($1, $2, $3)`, [next, teamId, heir.userId]],
          [`update team_member set role = 'admin,owner' where id = $1`, [next]],
        );
        await sql('delete from team_member where id = $1', [ids[0]]);
        expect(await count()).toBe(1);
        await sql('delete from team where id = $1', [teamId]);
        expect(await count()).toBe(0);
      });

      it('are not asked for by a team that had none before', async () => {
        const [teamId, membership] = [uuidv7(), uuidv7()];
        await sql(`insert into team (id, name, slug) values ($1, '', $2)`, [teamId, uniqueName()]);
        await sql('insert into team_member (id, team_id, user_id) values ($1, $2, $3)', [
          membership,
          teamId,
          first.userId,
        ]);
        await sql(`update team_member set role = 'admin' where id = $1`, [membership]);
        await sql('delete from auth_user where id = $1', [first.userId]);
      });

      it('are told why by Better Auth, where it does not ask first', async () => {
        const { owners, count } = await makeTeam();
        const { adapter } = await app.nest.get<BetterAuth>(BETTER_AUTH).$context;
        const ofTeam = [{ field: 'organizationId', value: owners[0].teamId }];
        const all = adapter.updateMany({ model: 'member', where: ofTeam, update: { role: 'member' } });
        await expect(all).rejects.toMatchObject({ statusCode: 400, body: { code: withoutOwner } });
        expect(await count()).toBe(2);
      });

      onServer('do not wait for each other in a circle with what the application does', async () => {
        const { owners, ids, count } = await makeTeam();
        const client = await app.nest.get(Database).connect();
        await client.query('begin');
        await client.query(`update team_member set role = 'admin' where id = $1`, [ids[0]]);
        const answer = second.post(door('update-member-role'), {
          memberId: ids[0],
          role: 'member',
          organizationId: owners[0].teamId,
        });
        await new Promise((resolve) => setTimeout(resolve, 300)); // it waits for the row, with its own locks
        await client.query('commit');
        client.release();
        expect((await answer).status).toBe(200);
        expect(await count()).toBe(1);
      });

      onServer('stay one, where each goes in a transaction of its own at one moment', async () => {
        const { ids, count } = await makeTeam();
        const clients = await Promise.all(ids.map(() => app.nest.get(Database).connect()));
        for (const [index, client] of clients.entries()) {
          await client.query('begin');
          await client.query('delete from team_member where id = $1', [ids[index]]);
        }
        const outcomes = await Promise.allSettled(clients.map((client) => client.query('commit')));
        for (const client of clients) client.release();
        expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
        expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
          reason: { code: '23514', constraint: 'keep_an_owner' },
        });
        expect(await count()).toBe(1);
      });
    });
  });

  describe('nobody gets more by asking for more', () => {
    it('a sign-up that says it is the first is refused', async () => {
      const account = { name: 'greedy', email: 'greedy@example.com', password: 'correct horse battery' };
      const answer = await new Client(app.url).post('/api/auth/sign-up/email', { ...account, isFirst: true });
      expect(answer.status).toBe(400);
      expect((await new Client(app.url).post('/api/auth/sign-in/email', account)).status).toBe(401);
    });

    it.each([
      { platformRole: 'platformAdmin' },
      { name: 'x', platformRole: 'platformAdmin' },
      { isFirst: true },
      { email: 'somebody.else@example.com' },
    ])('an account is not changed by %j', async (change) => {
      const person = people['an outsider'];
      expect((await person.post('/api/auth/update-user', change)).status).toBe(400);
      expect(
        (await restOutcome(new Client(app.url, person.token).patch('/api/v1/providers/groq'))).code,
      ).toBe('FORBIDDEN');
      const { body } = await new Client(app.url, person.token).get('/api/auth/get-session');
      expect(body.user).toMatchObject({ email: person.email, platformRole: 'user' });
    });

    it('a member makes nobody an admin, an admin makes nobody an owner, and nobody invites above themself', async () => {
      const list = await owner.get(`/api/auth/organization/list-members?organizationId=${owner.teamId}`);
      const idOf = (who: Who) =>
        list.body.members.find(({ userId }: { userId: string }) => userId === people[who].userId)
          .id as string;
      const attempts: [Who, string, object][] = [
        ['a member', 'update-member-role', { memberId: idOf('a member'), role: 'admin' }],
        ['an admin', 'update-member-role', { memberId: idOf('an admin'), role: 'owner' }],
        ['an admin', 'update-member-role', { memberId: idOf('an admin'), role: ['admin', 'owner'] }],
        ['an admin', 'update-member-role', { memberId: idOf('an admin'), role: 'admin,owner' }],
        ['an admin', 'update-member-role', { memberId: idOf('the owner'), role: 'member' }],
        ['an admin', 'invite-member', { email: 'friend@example.com', role: 'owner' }],
        ['an admin', 'invite-member', { email: 'friend@example.com', role: 'member,owner' }],
        ['an admin', 'delete', {}],
        ['a member', 'invite-member', { email: 'friend@example.com', role: 'member' }],
        ['a member', 'update', { data: { name: 'taken over' } }],
        ['an outsider', 'invite-member', { email: 'friend@example.com', role: 'member' }],
        ['an outsider', 'update', { data: { name: 'taken over' } }],
        ['the platform admin without a team', 'update', { data: { name: 'taken over' } }],
        ['the owner', 'invite-member', { email: 'friend@example.com', role: 'platformAdmin' }],
      ];
      for (const [who, action, body] of attempts) {
        const answer = await people[who].post(`/api/auth/organization/${action}`, {
          ...body,
          organizationId: owner.teamId,
        });
        expect(`${who} ${action} ${Math.floor(answer.status / 100)}xx`).toBe(`${who} ${action} 4xx`);
      }
      const after = await owner.get(
        `/api/auth/organization/get-full-organization?organizationId=${owner.teamId}`,
      );
      expect(after.body.name).not.toBe('taken over');
      expect(roles(after)).toEqual(roles(list));
      expect(after.body.invitations.filter(({ status }: { status: string }) => status === 'pending')).toEqual(
        [],
      );
    });

    it('a query takes no team, and a procedure neither', async () => {
      expect((await restOutcome(owner.get(`/api/v1/executions?teamId=${uuidv7()}`))).code).toBe(
        'VALIDATION_FAILED',
      );
      const answer = await owner.query('chat.findSessions', { teamId: uuidv7() });
      expect(answer.body.error.data.error.details.fields[0].field).toBe('teamId');
      expect((await owner.mutate('chat.createSession', { userId: uuidv7() })).status).toBe(400);
    });

    it("an execution list shows a member their own, also where they ask for another's", async () => {
      const list = `/api/v1/executions?userId=${owner.userId}`;
      await owner.post('/api/v1/team-models/sandbox%2Fecho/test', {});
      expect((await owner.get(list)).body.items.length).toBeGreaterThan(0);
      expect((await people['a member'].get(list)).body.items).toEqual([]);
    });

    it('the refusal of a role says nothing about what is there', async () => {
      const known = await people['a member'].patch('/api/v1/team-providers/openai', {});
      const unknown = await people['a member'].patch(`/api/v1/team-providers/${uuidv7()}`, {});
      expect(textOf(known)).toBe(textOf(unknown));
    });
  });
});

function everybody(code: Outcome['code']): Record<Who, Outcome['code']> {
  return {
    nobody: code,
    'an outsider': code,
    'a member': code,
    'an admin': code,
    'the owner': code,
    'the platform admin without a team': code,
  };
}

/** Whoever names a team that is not theirs is told that there is none, before anything else. */
function strangers(): Pick<Record<Who, Outcome['code']>, 'nobody' | 'an outsider'> {
  return { nobody: 'UNAUTHENTICATED', 'an outsider': 'NOT_FOUND' };
}

/** `OK` where the call came past the guard: what it then found wrong is not a matter of roles. */
function passed(result: 'OK' | Outcome): string {
  if (result === 'OK') return 'OK';
  if (result.message === 'The team was not found.') return 'NOT_FOUND';
  return result.code === 'NOT_FOUND' || result.code === 'VALIDATION_FAILED' ? 'OK' : result.code;
}

function roles({ body }: Answer): string[] {
  return body.members
    .map(({ userId, role }: { userId: string; role: string }) => `${userId} ${role}`)
    .toSorted();
}
