import { startTestApp, type TestApp } from '../support/app';
import { Client, createTeam, signUp, type Answer } from '../support/client';
import { createTestDatabase, type TestDatabase } from '../support/databases';
import { enableModel, expectStatus } from '../support/providers';
import { startModelLists, type ModelListServer } from '../support/wire/model-lists';

const everySecond = '* * * * * *';
const isServer = Boolean(process.env['DATABASE_URL']);

describe('the schedule of the model sync', () => {
  let database: TestDatabase;
  let lists: ModelListServer;
  let apps: TestApp[] = [];
  let admin: Client;

  beforeAll(async () => {
    [database, lists] = await Promise.all([createTestDatabase(), startModelLists()]);
    const app = await startTestApp({}, database);
    admin = await createTeam(await signUp(app));
    for (const id of ['openrouter', 'ollama'])
      expectStatus(await admin.patch(`/api/v1/providers/${id}`, { status: 'disabled' }));
    const provider = {
      id: 'listed',
      kind: 'openrouter',
      displayName: 'Listed',
      baseUrl: lists.baseUrl('openrouter'),
    };
    expectStatus(await admin.post('/api/v1/providers', provider), 201);
    await app.close();
  });

  afterEach(async () => {
    for (const app of apps) await app.close();
    apps = [];
  });

  afterAll(async () => {
    await lists.close();
    await database.drop();
  });

  const start = async (variables: Record<string, string>): Promise<void> => {
    const app = await startTestApp({ MODEL_SYNC_CRON: everySecond, ...variables }, database);
    apps.push(app);
    admin = new Client(app.url, admin.token, admin.teamId);
  };
  const runs = async (): Promise<Answer['body'][]> =>
    expectStatus(await admin.get('/api/v1/model-sync/runs?limit=200')).items;
  const models = async (): Promise<string[]> =>
    expectStatus(await admin.get('/api/v1/models?provider=listed')).items.map(
      ({ modelKey, status }: Answer['body']) => `${modelKey} ${status}`,
    );
  const until = async (check: () => Promise<boolean>): Promise<void> => {
    for (let waited = 0; waited < 15_000; waited += 100) {
      if (await check()) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('It did not happen within 15 seconds.');
  };

  it('only compares unless told more', async () => {
    lists.setModels('openrouter', [{ id: 'a' }]);
    await start({});
    await until(async () => (await runs()).filter(({ outcome }) => outcome === 'succeeded').length >= 2);
    expect(
      (await runs()).every(({ action, startedBy }) => action === 'diff' && startedBy === 'schedule'),
    ).toBe(true);
    expect(await models()).toEqual([]);
  });

  it('applies what is safe, and leaves the archiving of what a team uses to a person', async () => {
    lists.setModels('openrouter', [{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
    await start({ MODEL_SYNC_MODE: 'safe' });
    await until(async () => (await models()).length === 3);
    await enableModel(admin, 'listed/a');
    lists.setModels('openrouter', [{ id: 'b' }, { id: 'c' }, { id: 'd' }]);
    await until(async () => (await models()).includes('d active'));
    expect(await models()).toEqual(['a active', 'b active', 'c active', 'd active']);
    lists.setModels('openrouter', [{ id: 'a' }, { id: 'b' }, { id: 'd' }]);
    await until(async () => (await models()).includes('c archived'));
  });

  (isServer ? it : it.skip)('runs once for each moment, whatever the number of replicas', async () => {
    lists.reset();
    lists.setModels('openrouter', [{ id: 'a' }, { id: 'b' }]);
    const before = lists.requests.length;
    await start({});
    await start({});
    const ids = new Set((await runs()).map(({ id }) => id));
    await until(async () => (await runs()).filter(({ id }) => !ids.has(id)).length >= 4);
    const fresh = (await runs()).filter(({ id }) => !ids.has(id));
    const seconds = fresh.map(({ startedAt }) => String(startedAt).slice(0, 19));
    expect(new Set(seconds).size).toBe(seconds.length);
    expect(lists.requests.length - before).toBeLessThanOrEqual(fresh.length + 3);
  });
});
