import { KEK_PROVIDER } from '../../src/ai-studio/encryption/encryption.service';
import type { KekProvider } from '../../src/ai-studio/encryption/kek-provider';
import { Database, LiveServers } from '../../src/platform/database';
import { startTestApp, type TestApp } from '../support/app';
import { Client, createTeam, signUp } from '../support/client';
import { createTestDatabase, type TestDatabase } from '../support/databases';
import { forgetOpenedKeys, newKek, rotateKeys } from '../support/keys';
import { addTeamProvider, expectStatus, type UsableModel } from '../support/providers';
import { startWireServer, type WireServer } from '../support/wire';

const key = 'sk-renewed-0123456789';

jest.setTimeout(120_000);

describe('stored keys of a team', () => {
  let database: TestDatabase;
  let wire: WireServer;
  let app: TestApp;
  let admin: Client;
  let models: UsableModel[];

  const start = async (kek: string) => {
    await app?.close();
    app = await startTestApp({ AI_STUDIO_KEK: kek }, database);
    app.nest.get(LiveServers).secondLookMs = 20;
    if (admin) admin = new Client(app.url, admin.token, admin.teamId, admin.userId, admin.email);
  };
  const right = newKek('right');
  const query = (text: string) => app.nest.get(Database).pool.query(text);
  const statuses = async () =>
    expectStatus(await admin.get('/api/v1/tokens')).items.map(({ status }: { status: string }) => status);
  const test = (model?: UsableModel) => admin.post(`/api/v1/tokens/${model?.providerId}/test`);
  /** Counts how often a data key is unwrapped. */
  const watchUnwraps = () => jest.spyOn(app.nest.get<KekProvider>(KEK_PROVIDER, { strict: false }), 'unwrap');

  beforeAll(async () => {
    database = await createTestDatabase();
    wire = await startWireServer('openai', { expectKey: key });
    await start(right);
    admin = await createTeam(await signUp(app));
    models = [
      await addTeamProvider(admin, wire, { name: 'one', key }),
      await addTeamProvider(admin, wire, { name: 'two', key }),
      await addTeamProvider(admin, wire, { name: 'three', key }),
    ];
  });

  afterEach(() => jest.restoreAllMocks());

  afterAll(async () => {
    await app.close();
    await wire.close();
    await database.drop();
  });

  it('are said to be unreadable under a key that is not configured, without asking for any', async () => {
    await start(newKek('another'));
    const unwraps = watchUnwraps();
    expect(await statuses()).toEqual(['unreadable', 'unreadable', 'unreadable']);
    expect(unwraps).not.toHaveBeenCalled();
  });

  it('are said to be unreadable under other bytes, after one attempt that is remembered for all of them', async () => {
    await start(newKek('right'));
    const unwraps = watchUnwraps();
    for (let times = 0; times < 3; times++)
      expect(await statuses()).toEqual(['unreadable', 'unreadable', 'unreadable']);
    expect(unwraps).toHaveBeenCalledTimes(1);
  });

  it('are said to be usable after one opening of their data key, and none of their own', async () => {
    await start(right);
    const unwraps = watchUnwraps();
    for (let times = 0; times < 3; times++) expect(await statuses()).toEqual(['usable', 'usable', 'usable']);
    expect(unwraps).toHaveBeenCalledTimes(1);
  });

  it('are unreadable one by one where a row was damaged, once that was noticed, until they are stored again', async () => {
    const last = 'length(sealed) - 1';
    await query(
      `update ai_team_token set sealed = set_byte(sealed, ${last}, get_byte(sealed, ${last}) # 1)
        where team_provider_id = '${models[1]?.providerId}'`,
    );
    expect((await test(models[1])).status).toBe(503);
    expect((await statuses()).toSorted()).toEqual(['unreadable', 'usable', 'usable']);
    expectStatus(await admin.put(`/api/v1/tokens/${models[1]?.providerId}`, { token: key }));
    expect(await statuses()).toEqual(['usable', 'usable', 'usable']);
  });

  it('are sealed anew under a new data key, open before, during and after, and the old one goes', async () => {
    const rotate = () => rotateKeys(app, '--data-keys');
    const before = await query('select id from team_key');
    expect(await rotate()).toMatchObject({
      code: 0,
      text: expect.stringContaining('0 secrets are under it'),
    });
    expect((await query('select id from team_key')).rows).toEqual(before.rows); // it is younger than a day

    await query(`update team_key set created_at = now() - interval '2 days'`);
    const [renewal, ...tests] = await Promise.all([rotate(), ...models.map(test)]);
    expect(renewal).toMatchObject({ code: 0, text: expect.stringContaining('3 secrets are under it') });
    for (const answer of [...tests, ...(await Promise.all(models.map(test)))])
      expect(expectStatus(answer)).toMatchObject({ ok: true });
    const during = await query('select id from team_key order by created_at');
    expect(during.rows).toEqual([...before.rows, expect.anything()]);

    await query(`update team_key set created_at = created_at - interval '2 hours'`);
    expect((await rotate()).code).toBe(0);
    expect((await query('select id from team_key')).rows).toEqual(during.rows.slice(1));
    forgetOpenedKeys(app);
    for (const model of models) expect(expectStatus(await test(model))).toMatchObject({ ok: true });
    expect(await statuses()).toEqual(['usable', 'usable', 'usable']);
  });
});
