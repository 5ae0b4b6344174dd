import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { aiStudioApp, toTeamId, toUserId, type Scope } from '@kdx/shared';
import { AiStudioService, runAuditVerifyCommand } from '../../src/ai-studio';
import { Database, PlatformTransaction, TeamTransaction } from '../../src/platform/database';
import { AuditVerifier, instanceChain } from '../../src/platform/audit';
import { generateAuthSecret, generateKeyRing } from '../../src/platform/env';
import { listDoors, recordRoutes, type Door } from '../architecture/routes';
import { startTestApp, type TestApp } from '../support/app';
import { addMember, Client, createTeam, signUp, type Answer } from '../support/client';
import { expectStatus } from '../support/providers';
import { eventually } from '../support/streams';
import { startModelLists, type ModelListServer } from '../support/wire/model-lists';

type Event = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- tests look into what was answered
type Chain = 'team' | 'instance';

/* Starting an application takes its time on a busy machine. */
jest.setTimeout(120_000);

const canaries = {
  key: 'sk-canary-key-012345zqxw',
  instructions: 'Canary instructions that nobody may find in the log',
  password: 'canary horse battery',
};

/** Doors that may write and leave no event, each with its reason. */
const silent: Record<string, string> = {
  'POST /api/v1/tokens/:providerId/test': 'changes nothing',
  'mutation aiTokens.test': 'changes nothing',
  'POST /api/v1/team-models/:modelId/test': 'changes nothing; what ran is in the record of executions',
  'mutation aiTeamModels.test': 'changes nothing; what ran is in the record of executions',
  'POST /api/v1/chat/sessions': "a conversation is its user's own, not configuration",
  'PATCH /api/v1/chat/sessions/:sessionId': 'the same',
  'DELETE /api/v1/chat/sessions/:sessionId': 'the same',
  'POST /api/v1/chat/sessions/:sessionId/messages': 'the same',
  'POST /api/v1/chat/sessions/:sessionId/messages/:messageId/regenerate': 'the same',
  'POST /api/v1/chat/sessions/:sessionId/stop': 'the same',
  'POST /api/v1/chat': 'the same',
  'POST /api/v1/chat/:chatId/stop': 'the same',
  'POST /api/v1/chat/folders': 'the same',
  'PATCH /api/v1/chat/folders/:folderId': 'the same',
  'DELETE /api/v1/chat/folders/:folderId': 'the same',
  'mutation chat.createSession': 'the same',
  'mutation chat.updateSession': 'the same',
  'mutation chat.deleteSession': 'the same',
  'subscription chat.sendMessage': 'the same',
  'subscription chat.resumeMessage': 'the same',
  'subscription chat.regenerate': 'the same',
  'mutation chat.createFolder': 'the same',
  'mutation chat.updateFolder': 'the same',
  'mutation chat.deleteFolder': 'the same',
  'mutation chat.stop': 'the same',
  'subscription chat.exportSession': 'only reads',
};

describe('the audit log', () => {
  let app: TestApp;
  let doors: Door[];
  let lists: ModelListServer;
  let admin: Client & { teamId: string };
  let names = 0;

  beforeAll(async () => {
    lists = await startModelLists();
    const recorded = await recordRoutes(() => startTestApp());
    app = recorded.result;
    doors = listDoors(app.nest, recorded.routes, /^\/(docs|trpc|health)(\/|$)|^\/api\/auth/);
    admin = await createTeam(await signUp(app));
  });

  afterAll(async () => {
    await app.close();
    await lists.close();
  });

  const fresh = (what: string) => `${what}-${(names += 1)}`;

  const read = async (client: Client, chain: Chain = 'team', query = ''): Promise<Event[]> =>
    expectStatus(await client.get(`/api/v1/audit-events?limit=200&chain=${chain}${query}`)).items;

  /** What `act` leaves in both chains. */
  async function eventsOf<T>(act: () => Promise<T>, reader: Client = admin) {
    const before = { team: await lastOf('team'), instance: await lastOf('instance') };
    const result = await act();
    const since = async (chain: Chain) =>
      (await read(chain === 'team' ? reader : admin, chain)).filter(({ seq }) => seq > before[chain]);
    return { result, team: await since('team'), instance: await since('instance') };

    async function lastOf(chain: Chain): Promise<number> {
      return (await read(chain === 'team' ? reader : admin, chain))[0]?.seq ?? 0;
    }
  }

  describe('refuses', () => {
    it('members, and people of other teams, to read it', async () => {
      const member = await addMember(app, admin);
      const stranger = await createTeam(await signUp(app));
      for (const [client, status] of [
        [member, 403],
        [stranger.inTeam(admin.teamId), 404],
        [new Client(app.url, undefined, admin.teamId), 401],
      ] as const) {
        expect((await client.get('/api/v1/audit-events')).status).toBe(status);
        expect((await client.query('aiAudit.find', {})).status).toBe(status);
      }
    });

    it("everybody but the platform admin to read the instance's, the owner of a team too", async () => {
      const owner = await createTeam(await signUp(app));
      expect((await owner.get('/api/v1/audit-events?chain=instance')).status).toBe(403);
      expect((await owner.query('aiAudit.find', { chain: 'instance' })).status).toBe(403);
      expect((await admin.get('/api/v1/audit-events?chain=instance')).status).toBe(200);
    });

    it('the platform admin to read a team that they do not administer', async () => {
      const owner = await createTeam(await signUp(app));
      const platformAdmin = await joinAs('member', owner, admin);
      expect((await platformAdmin.get('/api/v1/audit-events')).status).toBe(403);
      expect((await platformAdmin.get('/api/v1/audit-events?chain=instance')).status).toBe(200);
    });

    it.each([
      ['cursor=x', 'cursor'],
      ['limit=0', 'limit'],
      ['outcome=perhaps', 'outcome'],
      ['actorId=me', 'actorId'],
      ['from=yesterday', 'from'],
      ['chain=all', 'chain'],
      ['unknown=1', 'unknown'],
    ])('what it cannot read: %s', async (query, field) => {
      const { status, text } = await admin.get(`/api/v1/audit-events?${query}`);
      expect([status, text]).toEqual([400, expect.stringContaining(field)]);
    });

    it.each(['update audit_event set event = event', 'delete from audit_event', 'truncate audit_event'])(
      'the application, whatever its code says: %s',
      async (statement) => {
        const { nest } = app;
        const asTeam = nest
          .get(TeamTransaction)
          .run({ teamId: toTeamId(admin.teamId) }, (manager) => manager.query(statement));
        await expect(asTeam).rejects.toThrow(/permission denied/);
        const asPlatform = nest.get(PlatformTransaction).run((manager) => manager.query(statement));
        await expect(asPlatform).rejects.toThrow(/permission denied/);
      },
    );

    it("the platform role to see or write a team's chain, and a team's to see or write the instance's", async () => {
      const insert = 'insert into audit_event (team_id, event) values ($1, $2)';
      const event = { at: '', action: 'x.y', outcome: 'done', target: { type: 'x' } };
      const platform = app.nest.get(PlatformTransaction);
      const team = app.nest.get(TeamTransaction);
      const seen = await platform.run((manager) => manager.query('select distinct team_id from audit_event'));
      expect(seen).toEqual([{ team_id: instanceChain }]);
      await expect(platform.run((manager) => manager.query(insert, [admin.teamId, event]))).rejects.toThrow(
        /row-level security/,
      );
      const nil = team.run({ teamId: instanceChain }, (manager) =>
        manager.query(insert, [instanceChain, event]),
      );
      await expect(nil).rejects.toThrow(/row-level security/);
      const none = await team.run({ teamId: instanceChain }, (manager) =>
        manager.query('select from audit_event'),
      );
      expect(none).toEqual([]);
    });

    it('a place or a hash that a writer brings along', async () => {
      const owner = await createTeam(await signUp(app));
      await app.nest
        .get(TeamTransaction)
        .run({ teamId: toTeamId(owner.teamId) }, (manager) =>
          manager.query(
            `insert into audit_event (team_id, seq, event, hash) values ($1, 1000, $2, 'forged')`,
            [
              owner.teamId,
              { at: new Date().toISOString(), action: 'x.y', outcome: 'done', target: { type: 'x' } },
            ],
          ),
        );
      const events = await read(owner);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => events.length - index));
      expect(await verify(owner.teamId)).toMatchObject({ code: 0 });
    });
  });

  describe('a refused attempt', () => {
    it.each([
      [
        'over REST',
        (client: Client) => client.put('/api/v1/tokens/openai', { token: canaries.key }),
        'route',
        'PUT /api/v1/tokens/:providerId',
      ],
      [
        'over tRPC',
        (client: Client) => client.mutate('aiTokens.save', { providerId: 'openai', token: canaries.key }),
        'procedure',
        'aiTokens.save',
      ],
    ])("of a member is in the team's chain: %s", async (_, attempt, type, id) => {
      const member = await addMember(app, admin);
      const { result, team, instance } = await eventsOf(() => attempt(member));
      expect(result.status).toBe(403);
      expect(instance).toEqual([]);
      expect(team).toMatchObject([
        {
          outcome: 'refused',
          code: 'FORBIDDEN',
          action: 'tokens.write',
          actor: { type: 'user', id: member.userId, role: 'member' },
          target: { type, id },
          requestId: result.headers.get('x-request-id'),
          address: '127.0.0.1',
        },
      ]);
    });

    it("for what only the platform admin may do is in the instance's", async () => {
      const owner = await createTeam(await signUp(app));
      for (const attempt of [
        () => owner.delete('/api/v1/providers/openai'),
        () => owner.mutate('aiProviders.delete', { providerId: 'openai' }),
      ]) {
        const { team, instance } = await eventsOf(attempt, owner);
        expect(team).toEqual([]);
        expect(instance).toMatchObject([
          { outcome: 'refused', action: 'providers.write', actor: { id: owner.userId }, code: 'FORBIDDEN' },
        ]);
      }
    });

    it("on a team of somebody else is in the instance's, without what is there, and the same for one that never was", async () => {
      const stranger = await createTeam(await signUp(app));
      for (const teamId of [admin.teamId, crypto.randomUUID()]) {
        const { team, instance } = await eventsOf(() => stranger.inTeam(teamId).get('/api/v1/tokens'));
        expect(team).toEqual([]);
        expect(instance).toMatchObject([
          {
            outcome: 'refused',
            code: 'NOT_FOUND',
            target: { type: 'team', id: teamId },
            actor: { id: stranger.userId },
          },
        ]);
        expect(instance[0]!.target).not.toHaveProperty('name');
      }
    });

    it('to read, and that of somebody who is not signed in, are not in it', async () => {
      const member = await addMember(app, admin);
      const nobody = new Client(app.url, undefined, admin.teamId);
      const { team, instance } = await eventsOf(async () => {
        expect((await member.get('/api/v1/tokens')).status).toBe(403);
        expect((await nobody.put('/api/v1/tokens/openai', { token: 'x' })).status).toBe(401);
        expect((await nobody.mutate('aiTokens.save', {})).status).toBe(401);
      });
      expect([team, instance]).toEqual([[], []]);
    });

    it('is recorded 20 times a minute, and of the others how many they were', async () => {
      const other = await startTestApp();
      const owner = await createTeam(await signUp(other));
      const member = await addMember(other, owner);
      const attempts = Array.from({ length: 35 }, () => member.delete('/api/v1/tokens/openai'));
      for (const { status } of await Promise.all(attempts)) expect(status).toBe(403);
      expect(await read(owner, 'team', '&outcome=refused')).toHaveLength(20);
      await other.nest.close();
      const again = await startTestApp({}, other.database);
      const [summary] = await read(
        new Client(again.url, owner.token, owner.teamId),
        'team',
        '&action=refusals.omit',
      );
      expect(summary).toMatchObject({ omitted: 15, actor: { id: member.userId }, outcome: 'refused' });
      await again.close();
      await other.database.drop();
    });
  });

  describe('every door that writes', () => {
    interface Deed {
      act: () => Promise<Answer>;
      chain?: Chain;
      action: string;
      target: { type: string; id?: unknown };
      changed?: string[];
    }
    type Recipe = () => Deed | Promise<Deed>;

    const agent = () => ({ name: fresh('agent'), instructions: canaries.instructions });
    const newAgent = async (): Promise<string> =>
      expectStatus(await admin.post('/api/v1/agents', agent()), 201).id;
    const apiKey = () => ({ name: fresh('api-key'), scopes: ['chat.use'] });
    const newApiKey = async (): Promise<string> =>
      expectStatus(await admin.post('/api/v1/api-keys', apiKey()), 201).id;
    const endpoint = () => ({ displayName: fresh('endpoint'), baseUrl: 'http://127.0.0.1:9/v1' });
    const newEndpoint = async (): Promise<string> =>
      expectStatus(await admin.post('/api/v1/team-providers', endpoint()), 201).id;
    const provider = () => ({
      id: fresh('provider'),
      kind: 'openrouter',
      displayName: 'A provider',
      baseUrl: lists.baseUrl('openrouter'),
    });
    const newProvider = async (): Promise<string> =>
      expectStatus(await admin.post('/api/v1/providers', provider()), 201).id;
    const model = () => ({ providerId: 'openai', modelKey: fresh('model'), displayName: 'A model' });
    const newModel = async (): Promise<string> =>
      expectStatus(await admin.post('/api/v1/models', model()), 201).id;
    const newTeamModel = async (): Promise<string> => {
      const id = await newModel();
      expectStatus(await admin.patch(`/api/v1/team-models/${id}`, { enabled: true }));
      return id;
    };
    const newToken = async (): Promise<string> => {
      const id = await newProvider();
      expectStatus(await admin.put(`/api/v1/tokens/${id}`, { token: canaries.key }));
      return id;
    };
    const newDiff = async (): Promise<{ providerId: string; diffId: string }> => {
      const providerId = await newToken();
      const modelKey = fresh('acme/listed');
      lists.setModels('openrouter', [{ id: modelKey, contextWindow: 1_000, price: { input: 1, output: 2 } }]);
      return {
        providerId,
        diffId: expectStatus(await admin.post(`/api/v1/model-sync/${providerId}/diff`)).id,
      };
    };
    const enabledInReverse = async (): Promise<string[]> => {
      await newTeamModel();
      await newTeamModel();
      const { items } = expectStatus(await admin.get('/api/v1/team-models?limit=200'));
      return (items as Event[])
        .filter(({ enabled }) => enabled)
        .map(({ id }) => id)
        .toReversed();
    };
    const configChange = () => ({
      teamInstructions: { enabled: true, content: `${canaries.instructions} ${fresh('')}` },
    });
    const ownChange = () => ({
      userInstructions: { enabled: true, content: `${canaries.instructions} ${fresh('')}` },
    });

    /** A route and a procedure that do the same. */
    const both = <P>(
      rest: string,
      trpc: string[],
      prepare: () => P | Promise<P>,
      call: (prepared: P) => { rest: () => Promise<Answer>; input: unknown; deed: Omit<Deed, 'act'> },
    ): [string, Recipe][] => [
      [
        rest,
        async () => {
          const { rest: act, deed } = call(await prepare());
          return { act, ...deed };
        },
      ],
      ...trpc.map((name): [string, Recipe] => [
        `mutation ${name}`,
        async () => {
          const { input, deed } = call(await prepare());
          return { act: () => admin.mutate(name, input), ...deed };
        },
      ]),
    ];

    const recipes = new Map<string, Recipe>([
      ...both('PUT /api/v1/app-config/:appId/team', ['app.saveAppTeamConfig'], configChange, (config) => ({
        rest: () => admin.put('/api/v1/app-config/aiStudio/team', { config }),
        input: { appId: 'aiStudio', config },
        deed: { action: 'appConfig.writeTeam', target: { type: 'appConfig', id: 'aiStudio/team' } },
      })),
      ...both('PUT /api/v1/app-config/:appId/me', ['app.saveUserAppTeamConfig'], ownChange, (config) => ({
        rest: () => admin.put('/api/v1/app-config/aiStudio/me', { config }),
        input: { appId: 'aiStudio', config },
        deed: { action: 'appConfig.writeOwn', target: { type: 'appConfig', id: 'aiStudio/user' } },
      })),
      ...both('POST /api/v1/providers', ['aiProviders.create'], provider, (body) => ({
        rest: () => admin.post('/api/v1/providers', body),
        input: body,
        deed: { chain: 'instance', action: 'providers.create', target: { type: 'provider', id: body.id } },
      })),
      ...both('PATCH /api/v1/providers/:providerId', ['aiProviders.update'], newProvider, (id) => ({
        rest: () => admin.patch(`/api/v1/providers/${id}`, { displayName: 'Another' }),
        input: { providerId: id, displayName: 'Another' },
        deed: {
          chain: 'instance',
          action: 'providers.update',
          target: { type: 'provider', id },
          changed: ['displayName'],
        },
      })),
      ...both('DELETE /api/v1/providers/:providerId', ['aiProviders.delete'], newProvider, (id) => ({
        rest: () => admin.delete(`/api/v1/providers/${id}`),
        input: { providerId: id },
        deed: { chain: 'instance', action: 'providers.delete', target: { type: 'provider', id } },
      })),
      ...both('POST /api/v1/team-providers', ['aiProviders.createForTeam'], endpoint, (body) => ({
        rest: () => admin.post('/api/v1/team-providers', body),
        input: body,
        deed: { action: 'teamProviders.create', target: { type: 'teamProvider' } },
      })),
      ...both(
        'PATCH /api/v1/team-providers/:providerId',
        ['aiProviders.updateForTeam'],
        newEndpoint,
        (id) => ({
          rest: () => admin.patch(`/api/v1/team-providers/${id}`, { baseUrl: 'http://127.0.0.1:10/v1' }),
          input: { providerId: id, baseUrl: 'http://127.0.0.1:10/v1' },
          deed: {
            action: 'teamProviders.update',
            target: { type: 'teamProvider', id },
            changed: ['baseUrl'],
          },
        }),
      ),
      ...both(
        'DELETE /api/v1/team-providers/:providerId',
        ['aiProviders.deleteForTeam'],
        newEndpoint,
        (id) => ({
          rest: () => admin.delete(`/api/v1/team-providers/${id}`),
          input: { providerId: id },
          deed: { action: 'teamProviders.delete', target: { type: 'teamProvider', id } },
        }),
      ),
      ...both('PUT /api/v1/tokens/:providerId', ['aiTokens.save'], newProvider, (id) => ({
        rest: () => admin.put(`/api/v1/tokens/${id}`, { token: canaries.key }),
        input: { providerId: id, token: canaries.key },
        deed: { action: 'tokens.save', target: { type: 'token', id } },
      })),
      ...both('DELETE /api/v1/tokens/:providerId', ['aiTokens.removeByProvider'], newToken, (id) => ({
        rest: () => admin.delete(`/api/v1/tokens/${id}`),
        input: { providerId: id },
        deed: { action: 'tokens.remove', target: { type: 'token', id } },
      })),
      ...both('POST /api/v1/models', ['aiModels.create'], model, (body) => ({
        rest: () => admin.post('/api/v1/models', body),
        input: body,
        deed: { chain: 'instance', action: 'models.create', target: { type: 'model' } },
      })),
      ...both('PATCH /api/v1/models/:modelId', ['aiModels.update'], newModel, (id) => ({
        rest: () => admin.patch(`/api/v1/models/${id}`, { contextWindow: 5_000 }),
        input: { modelId: id, contextWindow: 5_000 },
        deed: {
          chain: 'instance',
          action: 'models.update',
          target: { type: 'model', id },
          changed: ['contextWindow'],
        },
      })),
      ...both('DELETE /api/v1/models/:modelId', ['aiModels.delete'], newModel, (id) => ({
        rest: () => admin.delete(`/api/v1/models/${id}`),
        input: { modelId: id },
        deed: { chain: 'instance', action: 'models.delete', target: { type: 'model', id } },
      })),
      ...both(
        'PATCH /api/v1/team-models/:modelId',
        ['aiTeamModels.update', 'aiTeamModels.toggle'],
        newModel,
        (id) => ({
          rest: () => admin.patch(`/api/v1/team-models/${id}`, { enabled: true }),
          input: { modelId: id, enabled: true },
          deed: { action: 'teamModels.update', target: { type: 'teamModel', id }, changed: ['enabled'] },
        }),
      ),
      ...both('PUT /api/v1/team-models/default', ['aiTeamModels.setDefault'], newTeamModel, (id) => ({
        rest: () => admin.put('/api/v1/team-models/default', { modelId: id }),
        input: { modelId: id },
        deed: { action: 'teamModels.setDefault', target: { type: 'teamModel', id }, changed: ['default'] },
      })),
      ...both('PUT /api/v1/team-models/order', ['aiTeamModels.reorder'], enabledInReverse, (modelIds) => ({
        rest: () => admin.put('/api/v1/team-models/order', { modelIds }),
        input: { modelIds },
        deed: { action: 'teamModels.reorder', target: { type: 'teamModels', id: null }, changed: ['order'] },
      })),
      ...both('POST /api/v1/agents', ['aiAgents.create'], agent, (body) => ({
        rest: () => admin.post('/api/v1/agents', body),
        input: body,
        deed: { action: 'agents.create', target: { type: 'agent' } },
      })),
      ...both('PATCH /api/v1/agents/:agentId', ['aiAgents.update'], newAgent, (id) => ({
        rest: () => admin.patch(`/api/v1/agents/${id}`, { instructions: `${canaries.instructions}!` }),
        input: { agentId: id, instructions: `${canaries.instructions}!` },
        deed: {
          action: 'agents.update',
          target: { type: 'agent', id },
          changed: ['instructions', 'version'],
        },
      })),
      ...both('DELETE /api/v1/agents/:agentId', ['aiAgents.delete'], newAgent, (id) => ({
        rest: () => admin.delete(`/api/v1/agents/${id}`),
        input: { agentId: id },
        deed: { action: 'agents.delete', target: { type: 'agent', id } },
      })),
      ...both(
        'POST /api/v1/agents/:agentId/rollback',
        ['aiAgents.rollback'],
        async () => {
          const id = await newAgent();
          expectStatus(await admin.patch(`/api/v1/agents/${id}`, { description: 'Another' }));
          return id;
        },
        (id) => ({
          rest: () => admin.post(`/api/v1/agents/${id}/rollback`, { version: 1 }),
          input: { agentId: id, version: 1 },
          deed: { action: 'agents.rollback', target: { type: 'agent', id } },
        }),
      ),
      ...both('POST /api/v1/api-keys', ['apiKeys.create'], apiKey, (body) => ({
        rest: () => admin.post('/api/v1/api-keys', body),
        input: body,
        deed: {
          action: 'apiKeys.create',
          target: { type: 'apiKey' },
          changed: ['createdBy', 'expiresAt', 'name', 'scopes'],
        },
      })),
      ...both('DELETE /api/v1/api-keys/:keyId', ['apiKeys.delete'], newApiKey, (id) => ({
        rest: () => admin.delete(`/api/v1/api-keys/${id}`),
        input: { keyId: id },
        deed: { action: 'apiKeys.delete', target: { type: 'apiKey', id } },
      })),
      ...both(
        'POST /api/v1/model-sync/:providerId/diff',
        ['aiModelSync.diff'],
        async () => (await newDiff()).providerId,
        (id) => ({
          rest: () => admin.post(`/api/v1/model-sync/${id}/diff`),
          input: { providerId: id },
          deed: { chain: 'instance', action: 'modelSync.diff', target: { type: 'modelSyncDiff' } },
        }),
      ),
      ...both(
        'POST /api/v1/model-sync/:providerId/apply',
        ['aiModelSync.apply'],
        newDiff,
        ({ providerId, diffId }) => ({
          rest: () => admin.post(`/api/v1/model-sync/${providerId}/apply`, { diffId }),
          input: { providerId, diffId },
          deed: {
            chain: 'instance',
            action: 'modelSync.apply',
            target: { type: 'modelSyncDiff', id: diffId },
          },
        }),
      ),
    ]);

    it('has a recipe here, or a reason to leave none', () => {
      const writing = doors
        .filter(({ method }) => !['GET', 'HEAD', 'OPTIONS', 'query'].includes(method))
        .map(({ method, path }) => `${method} ${path}`);
      expect([...recipes.keys(), ...Object.keys(silent)].toSorted()).toEqual(writing.toSorted());
    });

    it.each([...recipes.keys()])('leaves exactly one event: %s', async (door) => {
      const { act, chain = 'team', action, target, changed } = await recipes.get(door)!();
      const { result, ...events } = await eventsOf(act);
      expect(result.status).toBeLessThan(300);
      expect(events[chain === 'team' ? 'instance' : 'team']).toEqual([]);
      expect(events[chain]).toEqual([
        expect.objectContaining({
          action,
          outcome: 'done',
          actor: { type: 'user', id: admin.userId },
          target: expect.objectContaining(target),
          changed: changed ?? expect.any(Array),
          requestId: result.headers.get('x-request-id'),
          address: '127.0.0.1',
        }),
      ]);
    });

    it.each([
      ['a name that is taken', () => admin.post('/api/v1/providers', { ...provider(), id: 'openai' }), 409],
      ['an agent that never was', () => admin.delete(`/api/v1/agents/${crypto.randomUUID()}`), 404],
      ['a key that is not there', () => admin.delete('/api/v1/tokens/mistral'), 404],
      [
        'a configuration that does not fit',
        () => admin.put('/api/v1/app-config/chat/team', { config: { x: 1 } }),
        400,
      ],
      [
        'a change to what it is already',
        () => admin.patch('/api/v1/team-models/sandbox%2Fecho', { enabled: true }),
        200,
      ],
    ])('leaves none for %s', async (_, act, status) => {
      const { result, team, instance } = await eventsOf(act);
      expect([result.status, team, instance]).toEqual([status, [], []]);
    });

    it('records a diff that was refused because the catalogue had moved', async () => {
      const { providerId, diffId } = await newDiff();
      expectStatus(
        await admin.post('/api/v1/models', { providerId, modelKey: 'by-hand', displayName: 'x' }),
        201,
      );
      const { result, instance } = await eventsOf(() =>
        admin.post(`/api/v1/model-sync/${providerId}/apply`, { diffId }),
      );
      expect(result.status).toBe(409);
      expect(instance).toMatchObject([
        { action: 'modelSync.apply', outcome: 'refused', code: 'CONFLICT', target: { id: diffId } },
      ]);
    });
  });

  describe('a change that cannot be recorded', () => {
    const broken = [
      'create function refuse_audit() returns trigger language plpgsql as $$ begin raise exception $m$no room for events$m$; end $$',
      'create trigger refuse before insert on audit_event for each row execute function refuse_audit()',
    ];
    const mended = ['drop trigger refuse on audit_event', 'drop function refuse_audit'];
    const run = async (statements: string[]) => {
      for (const statement of statements) await app.nest.get(Database).pool.query(statement);
    };

    it('is not made: in a team, in the catalogue, by Better Auth', async () => {
      const name = fresh('unrecorded');
      const member = await addMember(app, admin);
      await run(broken);
      try {
        const agent = { name, instructions: 'x' };
        expect((await admin.post('/api/v1/agents', agent)).status).toBe(500);
        const model = { providerId: 'openai', modelKey: name, displayName: name };
        expect((await admin.post('/api/v1/models', model)).status).toBe(500);
        const removal = { memberIdOrEmail: member.email, organizationId: admin.teamId };
        expect((await admin.post('/api/auth/organization/remove-member', removal)).status).toBe(500);
        const team = { name, slug: name };
        expect((await admin.post('/api/auth/organization/create', team)).status).toBe(500);
      } finally {
        await run(mended);
      }
      expect(expectStatus(await admin.get(`/api/v1/agents?q=${name}`)).items).toEqual([]);
      expect(expectStatus(await admin.get(`/api/v1/models?q=${name}`)).items).toEqual([]);
      expect((await member.get('/api/v1/agents')).status).toBe(200);
      const teams = await admin.get('/api/auth/organization/list');
      expect((teams.body as Event[]).map((team) => team.name)).not.toContain(name);
    });

    it('and a key that is handed out cannot be, either', async () => {
      expectStatus(await admin.put('/api/v1/tokens/groq', { token: canaries.key }));
      const reveal = () => app.nest.get(AiStudioService).getProviderToken(scope(), 'groq');
      await run(broken);
      try {
        await expect(reveal()).rejects.toThrow();
      } finally {
        await run(mended);
      }
      const { result, team } = await eventsOf(reveal);
      expect(result.reveal()).toBe(canaries.key);
      expect(team).toMatchObject([
        { action: 'tokens.reveal', target: { type: 'token', id: 'groq', name: 'aiStudio' } },
      ]);
    });

    const scope = (): Scope => ({
      teamId: toTeamId(admin.teamId),
      userId: toUserId(admin.userId),
      appId: aiStudioApp,
    });
  });

  describe('teams and accounts', () => {
    it('has the making of a team and its owner', async () => {
      const owner = await createTeam(await signUp(app));
      expect((await read(owner)).toReversed()).toMatchObject([
        { action: 'teams.create', actor: { id: owner.userId }, target: { type: 'team', id: owner.teamId } },
        { action: 'members.add', actor: { id: owner.userId }, target: { type: 'member', id: owner.userId } },
      ]);
    });

    it('has who was invited, joined, got another role and left, by whom', async () => {
      const owner = await createTeam(await signUp(app));
      const member = await addMember(app, owner);
      const listed = await owner.get(`/api/auth/organization/list-members?organizationId=${owner.teamId}`);
      const { id: memberId } = (listed.body.members as Event[]).find(
        ({ userId }) => userId === member.userId,
      )!;
      const organizationId = owner.teamId;
      const changedRole = await owner.post('/api/auth/organization/update-member-role', {
        memberId,
        role: 'admin',
        organizationId,
      });
      expectStatus(changedRole);
      expectStatus(
        await owner.post('/api/auth/organization/remove-member', {
          memberIdOrEmail: member.email,
          organizationId,
        }),
      );
      const events = (await read(owner)).toReversed().slice(2);
      expect(events).toMatchObject([
        { action: 'members.invite', actor: { id: owner.userId }, target: { type: 'invitation' } },
        { action: 'invitations.accept', actor: { id: member.userId } },
        { action: 'members.add', actor: { id: member.userId }, target: { id: member.userId } },
        {
          action: 'members.update',
          actor: { id: owner.userId },
          target: { id: member.userId },
          changed: ['role'],
          requestId: changedRole.headers.get('x-request-id'),
          address: '127.0.0.1',
        },
        { action: 'members.remove', actor: { id: owner.userId }, target: { id: member.userId } },
      ]);
    });

    it('has each of two changes at once, once, and ends with what the database says', async () => {
      const owner = await createTeam(await signUp(app));
      const member = await addMember(app, owner);
      const organizationId = owner.teamId;
      const listed = await owner.get(`/api/auth/organization/list-members?organizationId=${organizationId}`);
      const { id: memberId } = (listed.body.members as Event[]).find(
        ({ userId }) => userId === member.userId,
      )!;
      const setRole = (role: string) =>
        owner.post('/api/auth/organization/update-member-role', { memberId, role, organizationId });
      const { pool } = app.nest.get(Database);
      for (let round = 0; round < 12; round += 1) {
        await Promise.all([setRole('member'), setRole('admin')]);
        const { rows } = await pool.query<{ role: string }>('select role from team_member where id = $1', [
          memberId,
        ]);
        const [latest] = (await read(owner)).filter(({ action }) => action === 'members.update');
        const after = createHash('sha256')
          .update(JSON.stringify({ role: rows[0]!.role }))
          .digest('hex');
        if (latest) expect(latest.after).toBe(after);
        else expect(rows[0]!.role).toBe('member');
      }
      const remove = () =>
        owner.post('/api/auth/organization/remove-member', { memberIdOrEmail: member.email, organizationId });
      await Promise.all([remove(), remove(), remove()]);
      expect((await read(owner)).filter(({ action }) => action === 'members.remove')).toHaveLength(1);
    });

    it('has what a member may not do, and what somebody of another team may not', async () => {
      const owner = await createTeam(await signUp(app));
      const member = await addMember(app, owner);
      const invitation = {
        email: 'somebody@example.com',
        role: 'member',
        organizationId: owner.teamId,
      };
      const byMember = await eventsOf(
        () => member.post('/api/auth/organization/invite-member', invitation),
        owner,
      );
      expect(byMember.result.status).toBe(403);
      expect(byMember.team).toMatchObject([
        { action: 'members.invite', outcome: 'refused', actor: { id: member.userId, role: 'member' } },
      ]);
      const stranger = await createTeam(await signUp(app));
      const byStranger = await eventsOf(
        () => stranger.post('/api/auth/organization/invite-member', invitation),
        owner,
      );
      expect(byStranger.team).toEqual([]);
      expect(byStranger.instance).toMatchObject([
        { action: 'members.invite', outcome: 'refused', actor: { id: stranger.userId } },
      ]);
    });

    it('keeps the chain of a team that is deleted, and says so where somebody can read it', async () => {
      const owner = await createTeam(await signUp(app));
      const { instance } = await eventsOf(async () =>
        expectStatus(await owner.post('/api/auth/organization/delete', { organizationId: owner.teamId })),
      );
      expect(instance).toMatchObject([
        { action: 'teams.delete', actor: { id: owner.userId }, target: { id: owner.teamId } },
      ]);
      expect(await verify(owner.teamId)).toEqual({ code: 0, text: expect.stringContaining('3 events') });
    });

    it('has sign-ups, sign-ins and failed ones, without the address', async () => {
      const { result: person, instance } = await eventsOf(() => signUp(app));
      expect(instance.toReversed()).toMatchObject([
        { action: 'users.create', actor: { id: person.userId } },
        { action: 'sessions.create', target: { id: person.userId } },
      ]);
      const signIn = (password: string, email = person.email) =>
        new Client(app.url).post('/api/auth/sign-in/email', { email, password });
      const right = await eventsOf(() => signIn('correct horse battery'));
      expect(right.instance).toMatchObject([
        { action: 'sessions.create', outcome: 'done', actor: { id: person.userId } },
      ]);
      const wrong = await eventsOf(() => signIn(canaries.password));
      expect(wrong.instance).toMatchObject([
        {
          action: 'sessions.create',
          outcome: 'refused',
          actor: { type: 'user', id: null },
          target: { type: 'user', id: person.userId },
          requestId: wrong.result.headers.get('x-request-id'),
        },
      ]);
      const unknown = await eventsOf(() => signIn(canaries.password, 'nobody@example.com'));
      expect(unknown.instance).toMatchObject([{ outcome: 'refused', target: { type: 'user', id: null } }]);
    });

    it('believes no client that says where it comes from', async () => {
      const person = await signUp(app);
      const { instance } = await eventsOf(() =>
        person.fetch('/api/auth/sign-in/email', {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'x-ai-studio-origin': '{"id":"forged-id","address":"6.6.6.6"}',
            'x-forwarded-for': '6.6.6.6',
            'x-request-id': 'chosen-by-me',
          },
          body: JSON.stringify({ email: person.email, password: 'correct horse battery' }),
        }),
      );
      expect(instance).toMatchObject([
        {
          address: '127.0.0.1',
          requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
          clientRequestId: 'chosen-by-me',
        },
      ]);
      const { result, team } = await eventsOf(() =>
        admin.fetch('/api/v1/agents', {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-request-id': instance[0]!.requestId },
          body: JSON.stringify({ name: fresh('agent'), instructions: 'x' }),
        }),
      );
      expect(team).toMatchObject([
        { requestId: result.headers.get('x-request-id'), clientRequestId: instance[0]!.requestId },
      ]);
      expect(team[0]!.requestId).not.toBe(instance[0]!.requestId);
    });
  });

  describe('reading', () => {
    it('is filtered by every field, and paged to the end', async () => {
      const owner = await createTeam(await signUp(app));
      for (let count = 0; count < 7; count += 1)
        expectStatus(await owner.post('/api/v1/agents', { name: `a${count}`, instructions: 'x' }), 201);
      const all = await read(owner);
      expect(all.map(({ seq }) => seq)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1]);
      const [newest] = all;
      expect(await read(owner, 'team', '&action=agents.create')).toHaveLength(7);
      expect(await read(owner, 'team', `&targetId=${newest!.target.id}`)).toEqual([newest]);
      expect(await read(owner, 'team', '&targetType=member')).toHaveLength(1);
      expect(await read(owner, 'team', `&actorId=${owner.userId}`)).toHaveLength(9);
      expect(await read(owner, 'team', '&outcome=refused')).toEqual([]);
      expect(await read(owner, 'team', `&from=${newest!.at}`)).toEqual([newest]);
      expect(await read(owner, 'team', `&to=${newest!.at}`)).toEqual(all.slice(1));

      const pages: Event[] = [];
      let cursor = '';
      do {
        const { body } = await owner.get(`/api/v1/audit-events?limit=4${cursor && `&cursor=${cursor}`}`);
        pages.push(...body.items);
        cursor = body.nextCursor ?? '';
      } while (cursor);
      expect(pages).toEqual(all);
      expect((await owner.query('aiAudit.find', { limit: 200 })).body.result.data.items).toEqual(all);
    });

    it("never shows another team's events", async () => {
      const [one, other] = [await createTeam(await signUp(app)), await createTeam(await signUp(app))];
      expectStatus(await other.post('/api/v1/agents', { name: 'theirs', instructions: 'x' }), 201);
      const seen = JSON.stringify([await read(one), await read(one, 'team', `&actorId=${other.userId}`)]);
      expect(seen).not.toContain('theirs');
      expect(seen).not.toContain(other.userId);
    });
  });

  it('stays whole when 50 changes of a team are made at once', async () => {
    const owner = await createTeam(await signUp(app));
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        owner.post('/api/v1/agents', { name: `parallel-${n}`, instructions: 'x' }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    const events = await read(owner);
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 52 }, (_, n) => 52 - n));
    expect(new Set(events.map(({ target }) => target.id)).size).toBe(52);
    expect(await verify(owner.teamId)).toEqual({ code: 0, text: expect.stringContaining('whole') });
  });

  it('holds no key, no instructions, no password and no e-mail address', async () => {
    const { rows } = await app.nest
      .get(Database)
      .pool.query<{ text: string }>('select event::text as text from audit_event');
    const texts = rows.map(({ text }) => text).join('\n');
    expect(rows.length).toBeGreaterThan(100);
    for (const canary of Object.values(canaries)) expect(texts).not.toContain(canary);
    expect(texts).not.toContain(canaries.key.slice(-4));
    expect(texts).not.toContain('@example.com');
    expect(texts).not.toContain('correct horse');
  });

  describe('anchors', () => {
    const file = () => app.env.auditAnchorFile;

    it('are written outside the database soon after each change, signed, and hold no secret', async () => {
      const owner = await createTeam(await signUp(app));
      expectStatus(await owner.post('/api/v1/agents', { name: 'anchored', instructions: 'x' }), 201);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const lines = readFileSync(file(), 'utf8').trim().split('\n');
      const anchors = lines.map((line) => JSON.parse(line)).filter(({ teamId }) => teamId === owner.teamId);
      expect(anchors.at(-1)).toEqual({
        teamId: owner.teamId,
        seq: 3,
        hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        at: expect.any(String),
        signature: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
    });

    it('that cannot be written fail nothing, and are an error in the log', async () => {
      const other = await startTestApp({ AUDIT_ANCHOR_FILE: '/dev/null/anchors.jsonl' });
      try {
        await createTeam(await signUp(other));
        await new Promise((resolve) => setTimeout(resolve, 600));
        expect(other.logs.some((line) => line.includes('audit anchors could not be written'))).toBe(true);
      } finally {
        await other.close();
      }
    });

    it('are not written in production without a key of its own, which the start says', async () => {
      const other = await startTestApp({
        NODE_ENV: 'production',
        AI_STUDIO_KEK: generateKeyRing(),
        AUTH_SECRET: generateAuthSecret(),
      });
      try {
        await createTeam(await signUp(other));
        await new Promise((resolve) => setTimeout(resolve, 600));
        expect(existsSync(other.env.auditAnchorFile)).toBe(false);
        expect(other.logs.some((line) => line.includes('AUDIT_KEY is not set'))).toBe(true);
        expect(await verify(undefined, other)).toEqual({
          code: 0,
          text: expect.stringMatching(
            /AUDIT_KEY is not set: no chain was compared with anchors; that its end was cut off, or .* would not be noticed/,
          ),
        });
      } finally {
        await other.close();
      }
    });

    it('are written at the next start for what a process committed and did not live to anchor', async () => {
      const first = await startTestApp();
      const { teamId } = await createTeam(await signUp(first));
      await first.nest.close();
      await change(
        first,
        `insert into audit_event (team_id, event) select team_id, event - 'seq' from audit_event where team_id = '${teamId}' and seq = 1`,
      );
      const again = await startTestApp({}, first.database);
      try {
        const isAnchored = () =>
          readFileSync(again.env.auditAnchorFile, 'utf8').includes(`"${teamId}","seq":3,`);
        await eventually(async () => isAnchored());
        const lines = readFileSync(again.env.auditAnchorFile, 'utf8').trim().split('\n');
        expect(lines.filter((line) => line.includes(`"${teamId}","seq":2,`))).toHaveLength(1);
      } finally {
        await again.close();
        await first.database.drop();
      }
    });

    it('go on behind a line that a process did not finish, which alarms nobody; a damaged one does', async () => {
      const first = await startTestApp();
      const { auditAnchorFile } = first.env;
      const owner = await createTeam(await signUp(first));
      await first.nest.close();
      appendFileSync(auditAnchorFile, '{"teamId":"0197');
      const again = await startTestApp({}, first.database);
      try {
        expect(await verify(undefined, again)).toEqual({
          code: 0,
          text: expect.stringMatching(/note: anchor file, line \d: not finished/),
        });
        const client = new Client(again.url, owner.token, owner.teamId);
        expectStatus(await client.post('/api/v1/agents', { name: 'behind', instructions: 'x' }), 201);
        await eventually(async () => readFileSync(auditAnchorFile, 'utf8').includes('"seq":3,'));
        expect(again.logs.filter((line) => line.includes('was not finished'))).toHaveLength(1);
        const { code, text } = await verify(undefined, again);
        expect({ code, text }).toEqual({ code: 0, text: expect.stringMatching(/line \d: not finished/) });
        const damaged = readFileSync(auditAnchorFile, 'utf8').replace('{"teamId":"0197\n', '{"teamId":"0\n');
        writeFileSync(auditAnchorFile, damaged);
        expect((await verify(undefined, again)).text).toMatch(/BAD {2}anchor file, line \d: not an anchor/);
      } finally {
        await again.close();
        await first.database.drop();
      }
    });

    it('are written when the server stops', async () => {
      const other = await startTestApp();
      await createTeam(await signUp(other));
      await other.nest.close();
      expect(existsSync(other.env.auditAnchorFile)).toBe(true);
      expect(readFileSync(other.env.auditAnchorFile, 'utf8')).toContain('"seq":');
      await other.database.drop();
    });
  });

  describe('npm run audit:verify', () => {
    it('finds the whole log in order', async () => {
      const { code, text } = await verify();
      expect({ code, text }).toEqual({
        code: 0,
        text: expect.stringMatching(
          /Compared with \d+ anchors\. What follows the last anchor of a chain could have been cut off\.\n\d+ events in \d+ chains: whole\./,
        ),
      });
    });

    it('says how it is used, and refuses what it does not know', async () => {
      const print: string[] = [];
      const neverOpened = () => Promise.reject(new Error('opened'));
      const run = (...args: string[]) =>
        runAuditVerifyCommand(args, (text) => void print.push(text), neverOpened);
      expect(await run('--help')).toBe(0);
      expect(print.join('')).toContain('npm run audit:verify');
      await expect(run('--teams')).rejects.toThrow(/--teams/);
      await expect(run('--team', 'x')).rejects.toThrow(/--team/);
    });

    it('does not call a chain whole that never was', async () => {
      const nobody = crypto.randomUUID();
      expect(await verify(nobody)).toEqual({
        code: 2,
        text: `There is no chain of team ${nobody}: no event and no anchor names it. Check the id.\n`,
      });
    });

    it('says which chains have no anchor, and what that means', async () => {
      const other = await startTestApp({ NODE_ENV: 'test' });
      try {
        const bare = await createTeam(await signUp(other));
        const file = `${other.env.auditAnchorFile}.empty`;
        writeFileSync(file, '');
        const env = { ...other.env, auditAnchorFile: file };
        const { code, text } = await verify(undefined, { ...other, env });
        expect({ code, text }).toEqual({
          code: 0,
          text: expect.stringMatching(
            /Compared with 0 anchors[^]*Chains without an anchor: 2 \(instance, team .*\)\. Of these, .* would not be noticed/,
          ),
        });
        expect(text).toContain(bare.teamId);
      } finally {
        await other.close();
      }
    });

    it.each([
      [
        'an event that was edited',
        `update audit_event set event = event || '{"action": "x.y"}' where team_id = $1 and seq = 4`,
        4,
        'edited',
      ],
      [
        'a hash that was edited',
        `update audit_event set hash = sha256('x') where team_id = $1 and seq = 4`,
        4,
        'edited',
      ],
      ['an event that was deleted', 'delete from audit_event where team_id = $1 and seq = 4', 4, 'missing'],
      ['the first event, deleted', 'delete from audit_event where team_id = $1 and seq = 1', 1, 'missing'],
      [
        'a deleted event whose gap was closed',
        'with gone as (delete from audit_event where team_id = $1 and seq = 4) update audit_event set seq = seq + 1000000 where team_id = $1 and seq > 4',
        4,
        'missing',
      ],
      ['the end, cut off', 'delete from audit_event where team_id = $1 and seq > 5', 6, 'truncated'],
      ['the whole chain, gone', 'delete from audit_event where team_id = $1', 1, 'truncated'],
    ])('names %s', async (_, statement, seq, fault) => {
      const teamId = await chainOfTen();
      const { pool } = app.nest.get(Database);
      await pool.query(statement, [teamId]);
      await pool.query('update audit_event set seq = seq - 1000001 where team_id = $1 and seq > 1000000', [
        teamId,
      ]);
      const { code, text } = await verify(teamId);
      expect({ code, text }).toEqual({ code: 2, text: expect.stringContaining(`event ${seq}: ${fault}`) });
      await forget(teamId);
    });

    it('names two events that changed places, one that was put between, and a chain that was written anew', async () => {
      const { pool } = app.nest.get(Database);
      const swapped = await chainOfTen();
      await pool.query(
        'update audit_event a set event = b.event, hash = b.hash from audit_event b where a.team_id = $1 and b.team_id = $1 and a.seq in (3, 6) and b.seq = 9 - a.seq',
        [swapped],
      );
      expect((await verify(swapped)).text).toContain('event 3: reordered');

      const filled = await chainOfTen();
      const places = await pool.query<{ definition: string }>(
        `select pg_get_constraintdef(oid) as definition from pg_constraint where conname = 'audit_event_seq'`,
      );
      await pool.query('alter table audit_event drop constraint audit_event_seq');
      await pool.query('update audit_event set seq = -seq where team_id = $1 and seq > 4', [filled]);
      await pool.query(
        `insert into audit_event (team_id, event) select team_id, event || '{"action": "x.y"}' from audit_event where team_id = $1 and seq = 4`,
        [filled],
      );
      await pool.query('update audit_event set seq = 1 - seq where team_id = $1 and seq < 0', [filled]);
      await pool.query(
        `alter table audit_event add constraint audit_event_seq ${places.rows[0]!.definition}`,
      );
      expect((await verify(filled)).text).toContain('event 5: inserted');

      const anew = await chainOfTen();
      const { rows } = await pool.query('select event from audit_event where team_id = $1 order by seq', [
        anew,
      ]);
      await pool.query('delete from audit_event where team_id = $1', [anew]);
      for (const { event } of rows)
        await pool.query('insert into audit_event (team_id, event) values ($1, $2)', [
          anew,
          { ...event, address: '10.0.0.1' },
        ]);
      expect((await verify(anew)).text).toMatch(/event \d+: the anchor does not fit/);
      for (const teamId of [swapped, filled, anew]) await forget(teamId);
    });

    it('reads the log that the server writes, whatever the database puts before it, and names what was put there', async () => {
      const before = await startTestApp();
      const owner = await createTeam(await signUp(before));
      await before.nest.get(Database).pool.query(`
        create schema evil;
        create table evil.audit_event as table public.audit_event;
        grant usage on schema evil to public;
        grant all on evil.audit_event to public;
        do $$ begin execute format('alter database %I set search_path = evil, public', current_database()); end $$`);
      await before.nest.close();
      const after = await startTestApp({ AUDIT_ANCHOR_FILE: before.env.auditAnchorFile }, before.database);
      try {
        const admin = new Client(after.url, owner.token, owner.teamId);
        expectStatus(await admin.post('/api/v1/agents', { name: 'Real', instructions: 'Be real.' }), 201);
        const { pool } = after.nest.get(Database);
        const { rows } = await pool.query<{ schema: string; count: number }>(`
          select 'public' as schema, count(*) from public.audit_event where action = 'agents.create'
          union all select 'evil', count(*) from evil.audit_event where action = 'agents.create' order by 1 desc`);
        expect(rows).toEqual([
          { schema: 'public', count: 1 },
          { schema: 'evil', count: 0 },
        ]);
        expect((await read(admin)).map(({ action }) => action)).toContain('agents.create');
        const { code, text } = await verify(undefined, after);
        expect({ code, text }).toEqual({
          code: 2,
          text: expect.stringContaining('setting search_path of the database'),
        });
        expect(text).not.toMatch(/event \d+:/);
      } finally {
        await after.close();
        await before.database.drop();
      }
    });

    it('names a line of the anchor file whose signature is wrong', async () => {
      const other = await startTestApp({ AUDIT_ANCHOR_FILE: `${app.env.auditAnchorFile}.copy` });
      await createTeam(await signUp(other));
      await other.nest.close();
      const forged = await startTestApp(
        {
          AUDIT_KEY: 'another-key-of-at-least-32-characters',
          AUDIT_ANCHOR_FILE: `${app.env.auditAnchorFile}.copy`,
        },
        other.database,
      );
      expect(await verify(undefined, forged)).toEqual({
        code: 2,
        text: expect.stringContaining('line 1: its signature is wrong'),
      });
      await forged.close();
      await other.database.drop();
    });

    /** A team with ten events and the anchor of the last. */
    async function chainOfTen(): Promise<string> {
      const owner = await createTeam(await signUp(app));
      for (let count = 0; count < 8; count += 1)
        expectStatus(await owner.post('/api/v1/agents', { name: `a${count}`, instructions: 'x' }), 201);
      await new Promise((resolve) => setTimeout(resolve, 400));
      return owner.teamId;
    }

    /** Leaves nothing that the next test would find. */
    async function forget(teamId: string): Promise<void> {
      await app.nest.get(Database).pool.query('delete from audit_event where team_id = $1', [teamId]);
    }
  });

  async function verify(
    chain?: string,
    { nest, env }: Pick<TestApp, 'nest' | 'env'> = app,
  ): Promise<{ code: number; text: string }> {
    const print: string[] = [];
    const code = await runAuditVerifyCommand(
      chain === undefined ? [] : ['--team', chain],
      (text) => void print.push(text),
      async () => AuditVerifier.on(nest.get(Database), env),
    );
    return { code, text: print.join('') };
  }

  /** Runs a statement on a database that no server has open. */
  async function change({ env }: TestApp, statement: string): Promise<void> {
    const database = await Database.openAsItIs(env, 'write');
    await database.pool.query(statement);
    await database.close();
  }

  async function joinAs(role: 'member', owner: Client, person: Client): Promise<Client> {
    const invited = expectStatus(
      await owner.post('/api/auth/organization/invite-member', {
        email: person.email,
        role,
        organizationId: owner.teamId,
      }),
    );
    expectStatus(await person.post('/api/auth/organization/accept-invitation', { invitationId: invited.id }));
    expectStatus(await person.post('/api/auth/organization/set-active', { organizationId: person.teamId }));
    return person.inTeam(owner.teamId!);
  }
});
