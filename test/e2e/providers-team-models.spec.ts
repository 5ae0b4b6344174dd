import { randomBytes } from 'node:crypto';
import { startTestApp, type TestApp } from '../support/app';
import {
  addMember,
  createSession,
  createTeam,
  say,
  signUp,
  type Answer,
  type Client,
} from '../support/client';
import {
  disableModel,
  enableModel,
  expectStatus,
  modelPath,
  setDefaultModel,
  setTitles,
} from '../support/providers';
import { startWireServer, type WireServer } from '../support/wire';

type Admin = Client & { teamId: string };

const defaultPath = '/api/v1/team-models/default';
const orderPath = '/api/v1/team-models/order';

describe('the models and keys of a team', () => {
  let app: TestApp;
  let platformAdmin: Admin;
  let server: WireServer;
  /** A team of its own for each test, so that none sees what another set. */
  let admin: Admin;

  beforeAll(async () => {
    app = await startTestApp();
    platformAdmin = await createTeam(await signUp(app));
    server = await startWireServer('openai');
  }, 60_000);

  beforeEach(async () => {
    admin = await createTeam(platformAdmin);
    await setTitles(admin, false);
  });

  afterEach(() => {
    server.reset();
  });

  afterAll(async () => {
    await app.close();
    await server.close();
  });

  /** A provider for every team with models, none enabled anywhere. */
  async function offer(
    ...modelKeys: string[]
  ): Promise<{ providerId: string; refs: string[]; ids: string[] }> {
    const providerId = `p-${randomBytes(4).toString('hex')}`;
    const body = { id: providerId, kind: 'openai', displayName: providerId, baseUrl: server.baseUrl };
    expectStatus(await platformAdmin.post('/api/v1/providers', body), 201);
    const ids: string[] = [];
    for (const modelKey of modelKeys) {
      const made = await platformAdmin.post('/api/v1/models', {
        providerId,
        modelKey,
        displayName: modelKey,
      });
      ids.push(expectStatus(made, 201).id);
    }
    return { providerId, ids, refs: modelKeys.map((modelKey) => `${providerId}/${modelKey}`) };
  }

  const storeKey = async (providerId: string, token = `sk-${randomBytes(12).toString('hex')}`) => {
    expectStatus(await admin.put(`/api/v1/tokens/${providerId}`, { token }));
    return token;
  };

  const ask = async (body: object = {}, client: Client = admin) =>
    say(client, await createSession(client), { text: 'Hello', ...body });

  const readOne = async (ref: string): Promise<Answer['body']> =>
    expectStatus(await admin.get('/api/v1/team-models?limit=200')).items.find(
      (item: { ref: string }) => item.ref === ref,
    );

  const enabledRefs = async (): Promise<string[]> =>
    expectStatus(await admin.get('/api/v1/team-models'))
      .items.filter(({ enabled }: { enabled: boolean }) => enabled)
      .map(({ ref }: { ref: string }) => ref);

  const expectError = ({ status, body }: Pick<Answer, 'status' | 'body'>, code: string, message?: string) => {
    expect(body.error).toMatchObject({
      code,
      ...(message ? { message: expect.stringContaining(message) } : {}),
    });
    return expect(status);
  };

  /** A 409 that names its switch in the words and, for programs, by itself. Returns the address, for who turns it. */
  const expectSwitch = (answer: Pick<Answer, 'status' | 'body'>, code: string, set: string): string => {
    expect(answer).toMatchObject({
      status: 409,
      body: { error: { code, message: expect.stringContaining(`(${set})`), details: { set } } },
    });
    return set.slice(set.indexOf('/'));
  };

  describe('choosing', () => {
    it('is not for members', async () => {
      const member = await addMember(app, admin);
      const { refs } = await offer('one');
      for (const answer of [
        await member.patch(modelPath(refs[0]!), { enabled: true }),
        await member.put(defaultPath, { modelId: 'sandbox/echo' }),
        await member.put(orderPath, { modelIds: ['sandbox/echo'] }),
        await member.post(`${modelPath('sandbox/echo')}/test`),
        await member.get('/api/v1/tokens'),
        await member.put('/api/v1/tokens/openai', { token: 'sk-of-a-member-1234' }),
      ]) {
        expectError(answer, 'FORBIDDEN').toBe(403);
      }
      expect(await enabledRefs()).toEqual(['sandbox/echo']);
    });

    it('refuses an archived model, and says that another is needed', async () => {
      const { refs, ids } = await offer('old');
      expectStatus(await platformAdmin.patch(`/api/v1/models/${ids[0]}`, { status: 'archived' }));
      expectError(
        await admin.patch(modelPath(refs[0]!), { enabled: true }),
        'MODEL_NOT_AVAILABLE',
        'Choose another model',
      ).toBe(409);
      expect(await readOne(refs[0]!)).toBeUndefined();
      const way = `PATCH /api/v1/models/${encodeURIComponent(refs[0]!)}`;
      const refused = await platformAdmin.patch(`/api/v1/models/${ids[0]}`, { enabled: true });
      const path = expectSwitch(refused, 'MODEL_NOT_AVAILABLE', way);
      expectStatus(await platformAdmin.patch(path, { status: 'active', enabled: true }));
      await enableModel(admin, refs[0]!);
    });

    it('refuses a model or provider that is disabled for all teams, and names the switch', async () => {
      const { providerId, refs, ids } = await offer('one');
      expectStatus(await platformAdmin.patch(`/api/v1/models/${ids[0]}`, { enabled: false }));
      const ofModel = await admin.patch(modelPath(refs[0]!), { enabled: true });
      const way = `PATCH /api/v1/models/${encodeURIComponent(refs[0]!)}`;
      const path = expectSwitch(ofModel, 'MODEL_NOT_AVAILABLE', way);
      expectStatus(await platformAdmin.patch(path, { enabled: true }));
      expectStatus(await platformAdmin.patch(`/api/v1/providers/${providerId}`, { status: 'disabled' }));
      const ofProvider = await admin.patch(modelPath(refs[0]!), { enabled: true });
      const ofAll = expectSwitch(ofProvider, 'MODEL_NOT_AVAILABLE', `PATCH /api/v1/providers/${providerId}`);
      expectStatus(await platformAdmin.patch(ofAll, { status: 'active' }));
      await enableModel(admin, refs[0]!);
    });

    it('refuses a default that is not enabled, and names the switch', async () => {
      const { refs } = await offer('one');
      const answer = await admin.put(defaultPath, { modelId: refs[0] });
      expectSwitch(answer, 'MODEL_NOT_AVAILABLE', `PATCH ${modelPath(refs[0]!)}`);
      expect(expectStatus(await admin.get(defaultPath)).ref).toBe('sandbox/echo');
    });

    it('refuses models that there are not', async () => {
      for (const modelId of [
        '019aa000-0000-7000-8000-00000000dead',
        'openai/no-such',
        'nonsense',
        'openai/',
        '/gpt',
      ]) {
        expectError(await admin.patch(modelPath(modelId), { enabled: true }), 'NOT_FOUND').toBe(404);
        expectError(await admin.put(defaultPath, { modelId }), 'NOT_FOUND').toBe(404);
        expectError(await ask({ modelId }), 'NOT_FOUND').toBe(404);
      }
    });

    it('refuses an order that is not exactly the enabled models', async () => {
      const { refs } = await offer('one', 'two', 'three');
      await enableModel(admin, refs[0]!);
      await enableModel(admin, refs[1]!);
      const right = ['sandbox/echo', refs[0], refs[1]];
      for (const modelIds of [
        [],
        right.slice(1),
        [...right, refs[2]],
        [...right.slice(1), refs[1]],
        [...right, refs[0]],
      ]) {
        expectError(
          await admin.put(orderPath, { modelIds }),
          'VALIDATION_FAILED',
          'each enabled model once',
        ).toBe(400);
      }
      expect(await enabledRefs()).toEqual(right);
    });

    it('takes settings within their bounds only', async () => {
      for (const settings of [
        { temperature: 3 },
        { temperature: 'hot' },
        { maxOutputTokens: 0 },
        { topP: -1 },
        { heat: 1 },
      ]) {
        expectError(await admin.patch(modelPath('sandbox/echo'), { settings }), 'VALIDATION_FAILED').toBe(
          400,
        );
      }
      expect((await readOne('sandbox/echo')).settings).toEqual({});
    });

    it('keeps the order that was set, by id or reference, and appends what is enabled later', async () => {
      const { refs, ids } = await offer('one', 'two', 'three');
      for (const ref of refs.slice(0, 2)) await enableModel(admin, ref);
      const ordered = expectStatus(
        await admin.put(orderPath, { modelIds: [ids[1], 'sandbox/echo', refs[0]] }),
      );
      expect(ordered.items.map(({ ref }: { ref: string }) => ref)).toEqual([
        refs[1],
        'sandbox/echo',
        refs[0],
      ]);
      await enableModel(admin, refs[2]!);
      expect(await enabledRefs()).toEqual([refs[1], 'sandbox/echo', refs[0], refs[2]]);
    });

    it('has one default, and none once that one is disabled', async () => {
      const { providerId, refs } = await offer('one');
      await storeKey(providerId);
      await enableModel(admin, refs[0]!);
      await setDefaultModel(admin, refs[0]!);
      expect(expectStatus(await admin.get(defaultPath))).toMatchObject({
        ref: refs[0],
        isDefault: true,
        usable: true,
      });
      expect((await readOne('sandbox/echo')).isDefault).toBe(false);
      expect((await ask()).text).toBe('echo: Hello');

      await disableModel(admin, refs[0]!);
      expectError(await admin.get(defaultPath), 'NO_DEFAULT_MODEL', 'PUT /api/v1/team-models/default').toBe(
        409,
      );
      expectError(await ask(), 'NO_DEFAULT_MODEL', 'PUT /api/v1/team-models/default').toBe(409);
      // Enabling it again does not bring the choice back.
      await enableModel(admin, refs[0]!);
      expectError(await ask(), 'NO_DEFAULT_MODEL').toBe(409);
      expect((await ask({ modelId: refs[0] })).text).toBe('echo: Hello');
    });

    it('names a model by id or by reference, slashes in the key included', async () => {
      const { providerId, refs, ids } = await offer('meta-llama/llama-3.1:free');
      await storeKey(providerId);
      const enabled = expectStatus(await admin.patch(modelPath(refs[0]!), { enabled: true }));
      expect(enabled).toMatchObject({ id: ids[0], ref: refs[0], modelKey: 'meta-llama/llama-3.1:free' });
      for (const modelId of [ids[0], refs[0]]) {
        expect((await ask({ modelId })).text).toBe('echo: Hello');
        expect(expectStatus(await admin.post(`${modelPath(modelId!)}/test`)).ok).toBe(true);
      }
      for (const { body } of server.requests)
        expect(body).toMatchObject({ model: 'meta-llama/llama-3.1:free' });
      const sessionId = await createSession(admin, { modelId: refs[0] });
      expect(expectStatus(await admin.get(`/api/v1/chat/sessions/${sessionId}`)).modelId).toBe(ids[0]);
    });
  });

  describe('using', () => {
    it('refuses a model that was asked for by name and is not enabled, and names the switch', async () => {
      const { providerId, refs } = await offer('one');
      await storeKey(providerId);
      const way = `PATCH ${modelPath(refs[0]!)}`;
      const refused = await ask({ modelId: refs[0] });
      const path = expectSwitch(refused, 'MODEL_NOT_AVAILABLE', way);
      expectSwitch(await admin.post(`${modelPath(refs[0]!)}/test`), 'MODEL_NOT_AVAILABLE', way);
      expect(refused.body.error.details.modelRef).toBe(refs[0]);
      expectStatus(await admin.patch(path, { enabled: true }));
      expect(server.requests).toEqual([]);
    });

    it('refuses a model without a key, and says where to store one', async () => {
      const { providerId, refs } = await offer('one');
      await enableModel(admin, refs[0]!);
      const way = `PUT /api/v1/tokens/${providerId}`;
      expectSwitch(await admin.post(`/api/v1/tokens/${providerId}/test`), 'TOKEN_MISSING', way);
      const path = expectSwitch(await ask({ modelId: refs[0] }), 'TOKEN_MISSING', way);
      expect(await readOne(refs[0]!)).toMatchObject({
        enabled: true,
        usable: false,
        reason: expect.stringContaining(way),
      });
      expect(server.requests).toEqual([]);
      expectStatus(await admin.put(path, { token: 'sk-stored-where-it-was-told' }));
      expect((await ask({ modelId: refs[0] })).text).toBe('echo: Hello');
    });

    it('lets the sandbox stand in for nothing: who gets its echo chose it', async () => {
      const { providerId, refs } = await offer('one');
      await enableModel(admin, refs[0]!);
      await setDefaultModel(admin, refs[0]!);
      expect(await enabledRefs()).toContain('sandbox/echo');
      expectSwitch(await ask(), 'TOKEN_MISSING', `PUT /api/v1/tokens/${providerId}`);
      await storeKey(providerId);
      server.always({ fail: { status: 401 } });
      expect(await ask()).toMatchObject({
        status: 502,
        body: { error: { code: 'PROVIDER_FAILED', details: { candidates: [{ modelRef: refs[0] }] } } },
      });
      expectStatus(await admin.patch(modelPath(refs[0]!), { enabled: false }));
      expectStatus(await admin.put(defaultPath, { modelId: 'sandbox/echo' }));
      const { id: agentId } = expectStatus(
        await admin.post('/api/v1/agents', { name: 'Asks one', instructions: 'Hi.', modelId: refs[0] }),
        201,
      );
      const session = await createSession(admin, { agentId });
      const answer = await say(admin, session, { text: 'Hello' });
      expectSwitch(answer, 'MODEL_NOT_AVAILABLE', `PATCH ${modelPath(refs[0]!)}`);
      expect((await ask()).text).toContain('Hello');
    });

    it('lets a model answer where the sandbox, chosen as default, does not', async () => {
      const { providerId, refs } = await offer('one');
      await storeKey(providerId);
      await enableModel(admin, refs[0]!);
      const { text } = await ask({ text: '/sandbox failAt=0' });
      expect(text).toBe('echo: /sandbox failAt=0');
    });

    it('refuses a model that the platform archived or disabled since, and names the reason', async () => {
      const { providerId, refs, ids } = await offer('one');
      await storeKey(providerId);
      await enableModel(admin, refs[0]!);
      expect((await ask({ modelId: refs[0] })).status).toBe(200);

      expectStatus(await platformAdmin.patch(`/api/v1/models/${ids[0]}`, { status: 'archived' }));
      expectError(await ask({ modelId: refs[0] }), 'MODEL_NOT_AVAILABLE', 'is archived').toBe(409);
      expect(await readOne(refs[0]!)).toMatchObject({
        usable: false,
        reason: expect.stringContaining('is archived'),
      });

      expectStatus(
        await platformAdmin.patch(`/api/v1/models/${ids[0]}`, { status: 'active', enabled: false }),
      );
      const way = `PATCH /api/v1/models/${encodeURIComponent(refs[0]!)}`;
      const path = expectSwitch(await ask({ modelId: refs[0] }), 'MODEL_NOT_AVAILABLE', way);
      expectStatus(await platformAdmin.patch(path, { enabled: true }));
      expectStatus(await platformAdmin.patch(`/api/v1/providers/${providerId}`, { status: 'disabled' }));
      const ofProvider = await ask({ modelId: refs[0] });
      const ofAll = expectSwitch(ofProvider, 'MODEL_NOT_AVAILABLE', `PATCH /api/v1/providers/${providerId}`);
      expectStatus(await platformAdmin.patch(ofAll, { status: 'active' }));
      expect((await ask({ modelId: refs[0] })).status).toBe(200);
    });

    it('lets the next in the order answer where the default was archived', async () => {
      const { providerId, refs, ids } = await offer('default', 'next');
      await storeKey(providerId);
      for (const ref of refs) await enableModel(admin, ref);
      expectStatus(await admin.put(orderPath, { modelIds: [refs[0], refs[1], 'sandbox/echo'] }));
      await setDefaultModel(admin, refs[0]!);
      await ask();
      expectStatus(await platformAdmin.patch(`/api/v1/models/${ids[0]}`, { status: 'archived' }));
      await ask();
      expect(server.requests.map(({ body }) => (body as { model: string }).model)).toEqual([
        'default',
        'next',
      ]);
      expect(expectStatus(await admin.get(defaultPath))).toMatchObject({ ref: refs[0], usable: false });
    });
  });

  describe('keys', () => {
    it('are refused for providers that take none and for texts that no header can carry', async () => {
      expectError(
        await admin.put('/api/v1/tokens/sandbox', { token: 'sk-1234567890' }),
        'VALIDATION_FAILED',
        'takes no key',
      ).toBe(400);
      for (const token of ['', '   ', 'two words', 'line\nbreak', 'umläut-1234567', 5, null]) {
        expectError(await admin.put('/api/v1/tokens/openai', { token }), 'VALIDATION_FAILED').toBe(400);
      }
      for (const providerId of ['no-such', '019aa000-0000-7000-8000-00000000dead']) {
        expectError(
          await admin.put(`/api/v1/tokens/${providerId}`, { token: 'sk-1234567890' }),
          'NOT_FOUND',
        ).toBe(404);
        expectError(await admin.delete(`/api/v1/tokens/${providerId}`), 'NOT_FOUND').toBe(404);
      }
      expect(expectStatus(await admin.get('/api/v1/tokens')).items).toEqual([]);
    });

    it('are not for another team: its provider is not found', async () => {
      const own = {
        displayName: 'Own',
        baseUrl: server.baseUrl,
        models: [{ modelKey: 'm', displayName: 'M' }],
      };
      const { id, models } = expectStatus(await admin.post('/api/v1/team-providers', own), 201);
      const other = await createTeam(platformAdmin);
      expectError(await other.put(`/api/v1/tokens/${id}`, { token: 'sk-1234567890' }), 'NOT_FOUND').toBe(404);
      expectError(await other.patch(modelPath(models[0].ref), { enabled: true }), 'NOT_FOUND').toBe(404);
      expectError(await ask({ modelId: models[0].ref }, other), 'NOT_FOUND').toBe(404);
    });

    it('are unusable at once when deleted', async () => {
      const { providerId, refs } = await offer('one');
      await storeKey(providerId);
      await enableModel(admin, refs[0]!);
      expect((await ask({ modelId: refs[0] })).status).toBe(200);
      expectStatus(await admin.delete(`/api/v1/tokens/${providerId}`), 204);
      expectError(await ask({ modelId: refs[0] }), 'TOKEN_MISSING').toBe(409);
      expectError(await admin.delete(`/api/v1/tokens/${providerId}`), 'NOT_FOUND').toBe(404);
      expect(server.requests).toHaveLength(1);
    });

    it('are used at once when replaced, and the old one never again', async () => {
      const { providerId, refs } = await offer('one');
      await enableModel(admin, refs[0]!);
      const first = await storeKey(providerId);
      await ask({ modelId: refs[0] });
      const [stored] = expectStatus(await admin.get('/api/v1/tokens')).items;
      const second = await storeKey(providerId);
      await ask({ modelId: refs[0] });
      expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
        `Bearer ${first}`,
        `Bearer ${second}`,
      ]);
      const [replaced] = expectStatus(await admin.get('/api/v1/tokens')).items;
      expect(replaced).toMatchObject({ id: stored.id, last4: second.slice(-4), createdAt: stored.createdAt });
      expect(replaced.fingerprint).not.toBe(stored.fingerprint);
      // The same key again has the same fingerprint: two keys can be told apart, and told to be one.
      await storeKey(providerId, first);
      expect(expectStatus(await admin.get('/api/v1/tokens')).items[0].fingerprint).toBe(stored.fingerprint);
    });

    it("go with their provider: a team's own that is deleted leaves neither models nor key", async () => {
      const own = {
        displayName: 'Own',
        baseUrl: server.baseUrl,
        models: [{ modelKey: 'm', displayName: 'M' }],
      };
      const { id, models } = expectStatus(await admin.post('/api/v1/team-providers', own), 201);
      await storeKey(id);
      await enableModel(admin, models[0].id);
      expectStatus(await admin.delete(`/api/v1/team-providers/${id}`), 204);
      expectError(await ask({ modelId: models[0].id }), 'NOT_FOUND').toBe(404);
      expect(expectStatus(await admin.get('/api/v1/tokens')).items).toEqual([]);
      expect(await enabledRefs()).toEqual(['sandbox/echo']);
    });

    it('are not asked for by an endpoint that takes calls without one', async () => {
      server.always({ reply: { text: 'open to all' } });
      const own = {
        displayName: 'Open',
        baseUrl: server.baseUrl,
        models: [{ modelKey: 'm', displayName: 'M' }],
      };
      const { models } = expectStatus(await admin.post('/api/v1/team-providers', own), 201);
      await enableModel(admin, models[0].id);
      expect(await readOne(models[0].ref)).toMatchObject({ usable: true });
      await ask({ modelId: models[0].ref });
      expect(server.requests).toHaveLength(1);
      expect(server.requests[0]?.headers).not.toHaveProperty('authorization');
    });
  });
});
