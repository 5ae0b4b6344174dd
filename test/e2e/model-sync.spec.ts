import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toTeamId } from '@kdx/shared';
import { runModelSyncCommand } from '../../src/ai-studio';
import { PlatformTransaction, TeamTransaction } from '../../src/platform/database';
import { startTestApp, type TestApp } from '../support/app';
import {
  addMember,
  createTeam,
  say,
  createSession,
  signUp,
  type Answer,
  type Client,
} from '../support/client';
import { addTeamProvider, enableModel, expectStatus, modelPath, setDefaultModel } from '../support/providers';
import { startWireServer } from '../support/wire';
import { startModelLists, type ListKind, type ModelListServer } from '../support/wire/model-lists';

const key = 'sk-list-0123456789abcdef';

describe('model sync', () => {
  let app: TestApp;
  let lists: ModelListServer;
  let admin: Client;
  let providers = 0;

  beforeAll(async () => {
    [app, lists] = await Promise.all([startTestApp(), startModelLists()]);
    admin = await createTeam(await signUp(app));
  });

  afterAll(async () => {
    await app.close();
    await lists.close();
  });

  beforeEach(() => lists.reset());

  /** A global provider of its own for each test, whose list is served locally. */
  const addProvider = async (kind: ListKind = 'openrouter'): Promise<string> => {
    const id = `list-${(providers += 1)}`;
    expectStatus(
      await admin.post('/api/v1/providers', { id, kind, displayName: id, baseUrl: lists.baseUrl(kind) }),
      201,
    );
    if (kind !== 'ollama') expectStatus(await admin.put(`/api/v1/tokens/${id}`, { token: key }));
    return id;
  };
  const diff = (id: string): Promise<Answer> => admin.post(`/api/v1/model-sync/${id}/diff`);
  const apply = (id: string, diffId: string, accept?: object): Promise<Answer> =>
    admin.post(`/api/v1/model-sync/${id}/apply`, { diffId, ...(accept ? { accept } : {}) });
  const catalogue = async (id: string): Promise<Answer['body'][]> =>
    expectStatus(await admin.get(`/api/v1/models?provider=${id}&limit=200`)).items;
  const sync = async (id: string): Promise<Answer['body']> =>
    expectStatus(await apply(id, expectStatus(await diff(id)).id));

  const small = { id: 'acme/small', contextWindow: 32_000, price: { input: 1, output: 2 } };
  const large = { id: 'acme/large', contextWindow: 200_000, price: { input: 3, output: 15 } };

  const insertPrice = async (modelId: string, rates: Record<string, number>): Promise<string> => {
    const priceId = crypto.randomUUID();
    const card = {
      rates: Object.fromEntries(
        Object.entries(rates).map(([name, nanoUsdPerMillion]) => [
          name,
          [{ aboveInputTokens: 0, nanoUsdPerMillion }],
        ]),
      ),
    };
    await app.nest
      .get(PlatformTransaction)
      .run((manager) =>
        manager.query(
          `insert into ai_model_price (id, model_id, card, source, effective_from, created_at) values ($1, $2, $3, 'manual', now(), now())`,
          [priceId, modelId, card],
        ),
      );
    return priceId;
  };

  describe('refuses', () => {
    it('who is not the platform admin', async () => {
      const id = await addProvider();
      const owner = await createTeam(await signUp(app));
      const member = await addMember(app, admin);
      for (const caller of [owner, member]) {
        for (const answer of [
          await caller.post(`/api/v1/model-sync/${id}/diff`),
          await caller.post(`/api/v1/model-sync/${id}/apply`, { diffId: crypto.randomUUID() }),
          await caller.get('/api/v1/model-sync/runs'),
          await caller.mutate('aiModelSync.diff', { providerId: id }),
        ])
          expect(answer.status).toBe(403);
      }
    });

    it('a provider that is none, one without a list, and one without a key', async () => {
      expect(await diff('nobody')).toMatchObject({ status: 404 });
      expect(await diff('sandbox')).toMatchObject({
        status: 400,
        body: { error: { code: 'VALIDATION_FAILED' } },
      });
      expect(await diff('openai')).toMatchObject({
        status: 409,
        body: { error: { code: 'TOKEN_MISSING', details: { set: 'PUT /api/v1/tokens/openai' } } },
      });
      expect(await apply('openai', crypto.randomUUID())).toMatchObject({ status: 404 });
    });

    it("another provider's diff, and entries that a diff does not hold", async () => {
      const [one, other] = [await addProvider(), await addProvider()];
      lists.setModels('openrouter', [small]);
      const { id } = expectStatus(await diff(one));
      expect(await apply(other, id)).toMatchObject({ status: 404 });
      expect(await apply(one, id, { newModels: ['acme/none'] })).toMatchObject({
        status: 400,
        body: { error: { code: 'VALIDATION_FAILED', details: { fields: [{ field: 'accept.newModels' }] } } },
      });
      expect(await catalogue(one)).toEqual([]);
    });
  });

  describe('on a bad day', () => {
    const bad: [string, Parameters<ModelListServer['always']>[1], RegExp][] = [
      ['401', { status: 401 }, /key/i],
      ['HTML', { html: '<html><body>Bad gateway</body></html>' }, /./],
      ['half an answer', { cut: true }, /./],
      ['another shape', { json: { hello: 'world' } }, /./],
      ['an empty list', { json: { data: [] } }, /no model/],
      ['50 MB', { megabytes: 50 }, /./],
    ];

    it.each(bad)('keeps the catalogue as it was: %s', async (_name, behaviour, message) => {
      const id = await addProvider();
      lists.setModels('openrouter', [small, large]);
      await sync(id);
      const before = await catalogue(id);
      lists.always('openrouter', behaviour);
      const answer = await diff(id);
      expect(answer).toMatchObject({ status: 502, body: { error: { code: 'PROVIDER_FAILED' } } });
      expect(answer.body.error.message).toMatch(message);
      expect(answer.text).not.toContain(key);
      expect(await catalogue(id)).toEqual(before);
      const [run] = expectStatus(await admin.get(`/api/v1/model-sync/runs?provider=${id}`)).items;
      expect(run).toMatchObject({ action: 'diff', outcome: 'failed', error: answer.body.error.message });
    });

    it('puts prices that are none aside, and keeps the model', async () => {
      const id = await addProvider();
      const priced = (model: string, prompt: unknown) => ({
        id: model,
        raw: { pricing: { prompt, completion: '0.000002' } },
      });
      lists.setModels('openrouter', [
        priced('negative', '-0.000001'),
        priced('unknown', '-1'),
        priced('nan', 'NaN'),
        { id: 'missing', raw: { pricing: {} } },
        small,
      ]);
      const found = expectStatus(await diff(id));
      expect(found.newModels.map((model: { modelKey: string }) => model.modelKey)).toHaveLength(5);
      expect(found.quarantined).toEqual([
        expect.objectContaining({ model: 'negative', field: 'price.input', acceptable: false }),
        expect.objectContaining({ model: 'nan', field: 'price.input', acceptable: false }),
      ]);
      expectStatus(await apply(id, found.id));
      const byKey = new Map((await catalogue(id)).map((model) => [model.modelKey, model]));
      expect(byKey.get('negative').price).toBeUndefined();
      expect(byKey.get('acme/small').price).toMatchObject({
        source: 'provider',
        rates: { input: [{ nanoUsdPerMillion: '1000000000', usdPerMillion: 1 }] },
      });
    });

    it('reports ids that are none, and takes the odd ones', async () => {
      const id = await addProvider();
      const odd = ['a/b/c:free', 'modèle-日本', 'x'.repeat(300)];
      lists.setModels(
        'openrouter',
        [...odd, 'x'.repeat(301), '', 7, 'line\nbreak', odd[0]].map((name) => ({ id: name })),
      );
      const found = expectStatus(await diff(id));
      expect(found.newModels.map((model: { modelKey: string }) => model.modelKey).toSorted()).toEqual(
        odd.toSorted(),
      );
      expect(found.quarantined).toHaveLength(5);
      expectStatus(await apply(id, found.id));
      for (const modelKey of odd) {
        const ref = encodeURIComponent(`${id}/${modelKey}`);
        expectStatus(await admin.patch(`/api/v1/models/${ref}`, { displayName: 'Odd' }));
      }
    });

    it('waits for a person where a price leaps, and takes it when told to', async () => {
      const id = await addProvider();
      lists.setModels('openrouter', [small, large]);
      await sync(id);
      lists.setModels('openrouter', [
        { ...small, price: { input: 100, output: 2 } },
        { ...large, price: { input: 0, output: 0 } },
      ]);
      const found = expectStatus(await diff(id));
      expect(found.updatedModels).toEqual([]);
      expect(found.quarantined).toMatchObject([
        { model: 'acme/small', field: 'price', acceptable: true },
        { model: 'acme/large', field: 'price', acceptable: true },
      ]);
      expectStatus(await apply(id, found.id, { quarantined: ['acme/small#price'] }));
      const prices = (await catalogue(id)).map((model) => model.price.rates.input[0].usdPerMillion);
      expect(prices.toSorted()).toEqual([100, 3].toSorted());
    });

    it('does not archive most of a provider at once unless told to', async () => {
      const id = await addProvider();
      const many = Array.from({ length: 5 }, (_, n) => ({ id: `acme/${n}` }));
      lists.setModels('openrouter', many);
      await sync(id);
      lists.setModels('openrouter', many.slice(0, 2));
      const found = expectStatus(await diff(id));
      expect(found.archivedModels).toEqual([]);
      expect(found.quarantined).toHaveLength(3);
      expectStatus(await apply(id, found.id, { quarantined: ['acme/4#status'] }));
      const archived = (await catalogue(id)).filter(({ status }) => status === 'archived');
      expect(archived.map(({ modelKey }) => modelKey)).toEqual(['acme/4']);
    });
  });

  it('lets one of two admins win, and says to the other that the catalogue has moved', async () => {
    const id = await addProvider();
    lists.setModels('openrouter', [small]);
    const [one, other] = [expectStatus(await diff(id)), expectStatus(await diff(id))];
    const answers = await Promise.all([apply(id, one.id), apply(id, other.id)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    expect(await catalogue(id)).toHaveLength(1);
  });

  it('refuses a diff after a change by hand', async () => {
    const id = await addProvider();
    lists.setModels('openrouter', [small]);
    const { id: diffId } = expectStatus(await diff(id));
    expectStatus(
      await admin.post('/api/v1/models', { providerId: id, modelKey: 'mine', displayName: 'Mine' }),
      201,
    );
    expect(await apply(id, diffId)).toMatchObject({ status: 409, body: { error: { code: 'CONFLICT' } } });
  });

  it('applies a diff once, however often it is asked to', async () => {
    const id = await addProvider();
    lists.setModels('openrouter', [small]);
    const { id: diffId } = expectStatus(await diff(id));
    const [first, second] = [expectStatus(await apply(id, diffId)), expectStatus(await apply(id, diffId))];
    expect(second.id).toBe(first.id);
    expect(first.counts).toEqual({ new: 1, updated: 0, archived: 0, prices: 1 });
    expect(expectStatus(await diff(id))).toMatchObject({
      newModels: [],
      updatedModels: [],
      archivedModels: [],
    });
  });

  it('refuses another part of a diff that was applied', async () => {
    const id = await addProvider();
    lists.setModels('openrouter', [small, large]);
    const { id: diffId } = expectStatus(await diff(id));
    expectStatus(await apply(id, diffId, { newModels: ['acme/small'] }));
    expectStatus(await apply(id, diffId, { newModels: ['acme/small'] }));
    expect(await apply(id, diffId, { newModels: ['acme/large'] })).toMatchObject({ status: 409 });
    expect((await catalogue(id)).map(({ modelKey }) => modelKey)).toEqual(['acme/small']);
  });

  it('keeps what a person accepted, and a known price where a bad one is listed', async () => {
    const id = await addProvider();
    lists.setModels('openrouter', [small]);
    await sync(id);
    lists.setModels('openrouter', [{ ...small, price: { input: 40, output: 2 } }]);
    const leap = expectStatus(await diff(id));
    expectStatus(await apply(id, leap.id, { quarantined: ['acme/small#price'] }));
    const settled = { newModels: [], updatedModels: [], archivedModels: [], quarantined: [] };
    expect(expectStatus(await diff(id))).toMatchObject(settled);
    lists.setModels('openrouter', [
      { ...small, raw: { pricing: { prompt: 'NaN\u0000', completion: '-0.5' } } },
    ]);
    const bad = expectStatus(await diff(id));
    expect(bad).toMatchObject({
      updatedModels: [],
      quarantined: [{ acceptable: false }, { acceptable: false }],
    });
    expectStatus(await apply(id, bad.id));
    const [held] = await catalogue(id);
    expect(held.price).toMatchObject({ source: 'provider', rates: { input: [{ usdPerMillion: 40 }] } });
  });

  it('does not enable by hand what is archived, nor archive what was added by hand', async () => {
    const id = await addProvider();
    lists.setModels('openrouter', [small, large, { id: 'acme/third' }]);
    await sync(id);
    const mine = { providerId: id, modelKey: 'mine', displayName: 'Mine' };
    expectStatus(await admin.post('/api/v1/models', mine), 201);
    lists.setModels('openrouter', [small, { id: 'acme/third' }, { id: 'mine', displayName: 'Theirs' }]);
    await sync(id);
    const ref = encodeURIComponent(`${id}/acme/large`);
    expect(await admin.patch(`/api/v1/models/${ref}`, { enabled: true })).toMatchObject({
      status: 409,
      body: { error: { code: 'MODEL_NOT_AVAILABLE' } },
    });
    expect(expectStatus(await admin.patch(`/api/v1/models/${ref}`, { status: 'active' })).enabled).toBe(
      false,
    );
    lists.setModels('openrouter', [small, large, { id: 'acme/third' }]);
    await sync(id);
    const kept = (await catalogue(id)).find(({ modelKey }) => modelKey === 'mine');
    expect(kept).toMatchObject({ displayName: 'Mine', status: 'active', source: 'manual' });
  });

  it('accepts a part', async () => {
    const id = await addProvider();
    lists.setModels('openrouter', [small, large]);
    const { id: diffId } = expectStatus(await diff(id));
    expectStatus(await apply(id, diffId, { newModels: ['acme/large'] }));
    expect((await catalogue(id)).map(({ modelKey }) => modelKey)).toEqual(['acme/large']);
  });

  it('goes the whole way: first sync, change of price, new model, retirement, return', async () => {
    const id = await addProvider('openrouter');
    lists.setModels('openrouter', [small, large, { id: 'acme/embed', embedding: true }]);
    expect(lists.requests).toEqual([]);
    await sync(id);
    expect(lists.requests.every(({ headers }) => headers['authorization'] === `Bearer ${key}`)).toBe(true);

    const refs = [`${id}/acme/small`, `${id}/acme/large`] as const;
    for (const ref of refs) await enableModel(admin, ref);
    await setDefaultModel(admin, refs[0]);

    lists.setModels('openrouter', [
      { ...small, price: { input: 0.5, output: 2 } },
      large,
      { id: 'acme/new' },
      { id: 'acme/other' },
    ]);
    const changed = expectStatus(await diff(id));
    expect(changed.newModels).toHaveLength(2);
    expect(changed.updatedModels).toMatchObject([
      { existing: { modelKey: 'acme/small' }, changes: [{ field: 'price' }] },
    ]);
    expectStatus(await apply(id, changed.id));
    const price = (await catalogue(id)).find(({ modelKey }) => modelKey === 'acme/small').price;
    expect(price.rates.input[0].usdPerMillion).toBe(0.5);

    lists.setModels('openrouter', [large, { id: 'acme/new' }, { id: 'acme/other' }]);
    const retired = expectStatus(await diff(id));
    expect(retired.archivedModels).toMatchObject([{ modelKey: 'acme/small' }]);
    expect(retired.affected).toMatchObject({
      teams: [{ id: admin.teamId }],
      defaults: [{ teamId: admin.teamId, modelRef: refs[0] }],
    });
    expectStatus(await apply(id, retired.id));
    expect(await admin.patch(modelPath(refs[0]), { enabled: true })).toMatchObject({
      status: 409,
      body: { error: { code: 'MODEL_NOT_AVAILABLE', message: expect.stringContaining('archived') } },
    });
    const ready = expectStatus(await admin.get('/api/v1/team-models/default'));
    expect(ready).toMatchObject({ ref: refs[0], usable: false, reason: expect.stringContaining('archived') });
    // refs[1] comes next in the order, but only in theory: its list is not a chat server. One that is stands in for it.
    expectStatus(await admin.patch(modelPath(refs[1]), { enabled: false }));
    const server = await startWireServer('openai');
    const next = await addTeamProvider(admin, server, { name: 'next' });
    const session = await createSession(admin);
    expect((await say(admin, session, { text: 'Hello' })).status).toBe(200);
    await server.close();
    const [run] = expectStatus(await admin.get('/api/v1/executions?limit=1')).items;
    expect(run).toMatchObject({
      modelRef: next.ref,
      attempts: [
        { modelRef: refs[0], outcome: 'skipped', reason: expect.stringContaining('archived') },
        { modelRef: next.ref, outcome: 'answered' },
      ],
    });

    lists.setModels('openrouter', [small, large, { id: 'acme/new' }, { id: 'acme/other' }]);
    const back = expectStatus(await diff(id));
    expect(back.updatedModels[0].changes).toContainEqual({ field: 'status', from: 'archived', to: 'active' });
    expectStatus(await apply(id, back.id));
    expect((await catalogue(id)).find(({ modelKey }) => modelKey === 'acme/small')).toMatchObject({
      status: 'active',
      enabled: false,
    });
    expect(await admin.patch(modelPath(refs[0]), { enabled: true })).toMatchObject({ status: 409 });
    expectStatus(await admin.patch(`/api/v1/models/${encodeURIComponent(refs[0])}`, { enabled: true }));
    expectStatus(await admin.patch(modelPath(refs[0]), { enabled: true }));
  });

  it('names the live agents of every team that ask for what would be archived, and no others', async () => {
    const id = await addProvider();
    lists.setModels('openrouter', [small, large, { id: 'acme/third' }]);
    await sync(id);
    const [owner, member] = [await createTeam(await signUp(app), 'Acme-agents'), admin];
    const agent = async (client: Client, name: string, modelId: string | null): Promise<string> =>
      expectStatus(await client.post('/api/v1/agents', { name, instructions: 'Canary.', modelId }), 201).id;
    const goes = `${id}/acme/small`;
    const stays = `${id}/acme/large`;
    const asking = await agent(owner, 'Asking', goes);
    const elsewhere = await agent(member, 'Elsewhere', goes);
    await agent(owner, 'Without', null);
    await agent(owner, 'Other', stays);
    const moved = await agent(owner, 'Moved', goes);
    expectStatus(await owner.patch(`/api/v1/agents/${moved}`, { modelId: stays }));
    const back = await agent(owner, 'Back', stays);
    expectStatus(await owner.patch(`/api/v1/agents/${back}`, { modelId: goes, name: 'Back again' }));
    const gone = await agent(owner, 'Gone', goes);
    expectStatus(await owner.delete(`/api/v1/agents/${gone}`), 204);

    lists.setModels('openrouter', [large, { id: 'acme/third' }]);
    const answer = await diff(id);
    const { affected, archivedModels } = expectStatus(answer);
    expect(archivedModels).toMatchObject([{ modelKey: 'acme/small' }]);
    const byName = (one: { name: string }, other: { name: string }) => one.name.localeCompare(other.name);
    expect(affected.agents.toSorted(byName)).toEqual([
      { id: asking, name: 'Asking', teamId: owner.teamId },
      { id: back, name: 'Back again', teamId: owner.teamId },
      { id: elsewhere, name: 'Elsewhere', teamId: member.teamId },
    ]);
    expect(answer.text).not.toContain('Canary');
    let shown = '';
    const args = ['--provider', id, '--team', admin.teamId!];
    await runModelSyncCommand(app.nest, args, (piece) => void (shown += piece));
    expect(shown).toContain(`agent Back again of team ${owner.teamId}`);
    expect(shown).not.toMatch(/Moved|Without|Gone|Other/);
  });

  it('is the same over tRPC', async () => {
    const id = await addProvider();
    lists.setModels('openrouter', [small]);
    const found = await admin.mutate('aiModelSync.diff', { providerId: id });
    expect(found).toMatchObject({
      status: 200,
      body: { result: { data: { newModels: [{ modelKey: 'acme/small' }] } } },
    });
    const diffId = found.body.result.data.id;
    const applied = await admin.mutate('aiModelSync.apply', { providerId: id, diffId });
    expect(applied.body.result.data).toMatchObject({ outcome: 'succeeded', counts: { new: 1 } });
    const runs = await admin.query('aiModelSync.findRuns', { provider: id, limit: 1 });
    expect(runs.body.result.data).toMatchObject({
      items: [{ action: 'apply' }],
      nextCursor: expect.any(String),
    });
    const rest = await admin.query('aiModelSync.findRuns', {
      provider: id,
      cursor: runs.body.result.data.nextCursor,
    });
    expect(rest.body.result.data.items).toMatchObject([{ action: 'diff' }]);
  });

  it('cannot enable what is not for chat', async () => {
    const id = await addProvider('google');
    lists.setModels('google', [{ id: 'embed', embedding: true }, { id: 'gemini-talk' }]);
    await sync(id);
    expect(await admin.patch(modelPath(`${id}/embed`), { enabled: true })).toMatchObject({
      status: 409,
      body: { error: { code: 'MODEL_NOT_AVAILABLE', message: expect.stringContaining('embedding') } },
    });
  });

  it.each([
    'ollama',
    'anthropic',
    'google',
    'mistral',
    'groq',
    'deepseek',
    'xai',
    'openai',
    'openai-compatible',
  ] as const)('reads the list of %s', async (kind) => {
    const id = await addProvider(kind);
    lists.setModels(kind, [{ id: 'gpt-zeta' }, { id: 'gpt-eta' }]);
    await sync(id);
    expect((await catalogue(id)).map(({ modelKey }) => modelKey)).toEqual(['gpt-eta', 'gpt-zeta']);
  });

  describe('in a terminal', () => {
    const run = async (...args: string[]): Promise<{ code: number; text: string }> => {
      let text = '';
      const code = await runModelSyncCommand(app.nest, args, (piece) => void (text += piece));
      return { code, text };
    };

    it('explains itself, and refuses what it does not know', async () => {
      expect(await run('--help')).toMatchObject({ code: 0, text: expect.stringContaining('--provider') });
      expect(await run()).toMatchObject({ code: 1, text: expect.stringContaining('--provider') });
      await expect(run('--bogus')).rejects.toThrow(/--bogus/);
      await expect(run('--provider', 'openai', '--team', 'x')).rejects.toThrow(/--team/);
      await expect(run('--provider', 'openai')).rejects.toMatchObject({ code: 'TOKEN_MISSING' });
    });

    it('shows the diff, and applies it only when told to', async () => {
      const id = await addProvider('openai');
      lists.setModels('openai', [{ id: 'gpt-omega' }]);
      const team = ['--team', admin.teamId!];
      const shown = await run('--provider', id, ...team);
      expect(shown.code).toBe(2);
      expect(shown.text).toMatch(/1 new, 0 changed, 0 to archive, 0 quarantined\n\+ gpt-omega/);
      expect(await catalogue(id)).toEqual([]);
      expect(await run('--provider', id, ...team, '--apply')).toMatchObject({ code: 0 });
      expect(await run('--provider', id, ...team)).toMatchObject({ code: 0 });
      expect(await catalogue(id)).toHaveLength(1);
    });
  });

  describe('of a fresh instance', () => {
    it('has a catalogue without any network, and what the operator says stands above it', async () => {
      const file = join(app.env.dataDir, 'catalogue.json');
      writeFileSync(
        file,
        JSON.stringify({
          models: {
            'openai/gpt-5-mini': {
              displayName: 'Ours',
              price: { unit: 'usd-per-million-tokens', input: 0.2, output: 1.5 },
            },
          },
        }),
      );
      const fresh = await startTestApp({ MODEL_CATALOGUE_SEED: 'on', MODEL_CATALOGUE_FILE: file });
      try {
        const owner = await createTeam(await signUp(fresh));
        const { items } = expectStatus(await owner.get('/api/v1/models?provider=openai&q=gpt-5-mini'));
        expect(items).toMatchObject([
          {
            displayName: 'Ours',
            source: 'bundled',
            sourceAt: expect.any(String),
            price: { source: 'operator', rates: { input: [{ usdPerMillion: 0.2 }] } },
          },
        ]);
        const { items: others } = expectStatus(
          await owner.get('/api/v1/models?provider=anthropic&limit=200'),
        );
        expect(others.length).toBeGreaterThan(5);
        expect(others.every((model: Answer['body']) => model.price.source === 'bundled')).toBe(true);
      } finally {
        await fresh.close();
      }
    });

    it('does not start with an operator file that cannot be used, and says where', async () => {
      const file = join(app.env.dataDir, 'bad.json');
      writeFileSync(
        file,
        JSON.stringify({
          models: { 'openai/x': { price: { unit: 'usd-per-million-tokens', input: -1, output: 1 } } },
        }),
      );
      await expect(startTestApp({ MODEL_CATALOGUE_FILE: file })).rejects.toThrow(
        /MODEL_CATALOGUE_FILE.*openai\/x/s,
      );
    });
  });

  it('charges an execution by the price of its model, and keeps which one that was', async () => {
    const wire = await startWireServer('openai');
    try {
      expectStatus(
        await admin.post('/api/v1/providers', {
          id: 'priced',
          kind: 'openai-compatible',
          displayName: 'Priced',
          baseUrl: wire.baseUrl,
        }),
        201,
      );
      expectStatus(await admin.put('/api/v1/tokens/priced', { token: key }));
      const model = expectStatus(
        await admin.post('/api/v1/models', { providerId: 'priced', modelKey: 'm', displayName: 'M' }),
        201,
      );
      const priceId = await insertPrice(model.id, {
        input: 2_000_000_000,
        cachedInput: 500_000_000,
        output: 8_000_000_000,
      });
      await enableModel(admin, model.id);
      const session = await createSession(admin);
      const usage = { inputTokens: 1_000, cachedInputTokens: 400, outputTokens: 50 };
      wire.next({ reply: { text: 'Hello.', usage } });
      expect((await say(admin, session, { text: 'Hello', modelId: model.id })).status).toBe(200);
      const [run] = expectStatus(await admin.get('/api/v1/executions?limit=1')).items;
      const cost = 600 * 2_000 + 400 * 500 + 50 * 8_000; // nano-USD: a million tokens at 1 USD are 1,000 a token
      expect(run).toMatchObject({ modelRef: 'priced/m', costNanoUsd: String(cost), usd: cost / 1e9 });
      const stored = await app.nest
        .get(TeamTransaction)
        .run({ teamId: toTeamId(admin.teamId!) }, (manager) =>
          manager.query<{ price_id: string }[]>('select price_id from ai_execution where id = $1', [run.id]),
        );
      expect(stored).toEqual([{ price_id: priceId }]);
    } finally {
      await wire.close();
    }
  });
});
