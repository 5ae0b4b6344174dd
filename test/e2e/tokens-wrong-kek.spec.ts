import { randomBytes } from 'node:crypto';
import { Database } from '../../src/platform/database';
import { startTestApp, type TestApp } from '../support/app';
import { Client, createSession, createTeam, say, signUp } from '../support/client';
import { createTestDatabase, type TestDatabase } from '../support/databases';
import { addTeamProvider, dumpDatabase, expectStatus, type UsableModel } from '../support/providers';
import { startWireServer, type WireServer } from '../support/wire';

const newKek = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;
const key = 'sk-one-0123456789';

describe('a server with the wrong key-encryption key', () => {
  const right = newKek('right');
  let database: TestDatabase;
  let wire: WireServer;
  let app: TestApp;
  let admin: Client;
  let model: UsableModel;

  const restart = async (kek: string) => {
    await app?.close();
    app = await startTestApp({ AI_STUDIO_KEK: kek }, database);
    if (admin) admin = new Client(app.url, admin.token, admin.teamId, admin.userId, admin.email);
  };

  const sealedRows = async () =>
    (await dumpDatabase(app)).split('\n').filter((row) => /^(ai_team_token|team_key) /.test(row));

  beforeAll(async () => {
    database = await createTestDatabase();
    wire = await startWireServer('openai', { expectKey: key });
    await restart(right);
    admin = await createTeam(await signUp(app));
    model = await addTeamProvider(admin, wire, { name: 'one', key });
  }, 60_000);

  afterAll(async () => {
    await app.close();
    await wire.close();
    await database.drop();
  });

  it.each([
    ['has another id', () => newKek('another')],
    ['has the same id and other bytes', () => newKek('right')],
  ])(
    'stores no key that it could not open again where the ring %s, and loses nothing',
    async (_, makeKek) => {
      const before = await sealedRows();
      await restart(makeKek());
      const { status, body } = await admin.put(`/api/v1/tokens/${model.providerId}`, {
        token: 'sk-new-0123456789',
      });
      expect({ status, code: body.error.code }).toEqual({ status: 503, code: 'TOKEN_UNREADABLE' });
      expect(body.error.message).toMatch(/restore .*AI_STUDIO_KEK.* first/i);
      expect(body.error.message).toMatch(/nothing is lost/i);
      const test = await admin.post(`/api/v1/tokens/${model.providerId}/test`);
      expect(test).toMatchObject({ status: 503, body: { error: { code: 'TOKEN_UNREADABLE' } } });
      for (const { message } of [body.error, test.body.error])
        expect(message).not.toMatch(/store the key again|store it again/i);
      expect(await sealedRows()).toEqual(before);
      expect(app.logs.join('\n')).not.toContain('INTERNAL');
    },
  );

  it('says of a row that was altered that the key has to be stored again, which then works', async () => {
    await restart(right);
    // The last byte of a sealed key belongs to the tag.
    const last = 'length(sealed) - 1';
    await app.nest
      .get(Database)
      .pool.query(
        `update ai_team_token set sealed = set_byte(sealed, ${last}, get_byte(sealed, ${last}) # 1)`,
      );
    const set = `PUT /api/v1/tokens/${model.providerId}`;
    const test = await admin.post(`/api/v1/tokens/${model.providerId}/test`);
    const message = expect.stringContaining(`store it again (${set})`);
    expect(test).toMatchObject({
      status: 503,
      body: { error: { code: 'TOKEN_UNREADABLE', message, details: { reason: 'tag', set } } },
    });
    const sessionId = await createSession(admin, { modelId: model.ref });
    const { body } = await say(admin, sessionId, { text: 'Hello!' });
    expect(body.error).toMatchObject({ code: 'TOKEN_UNREADABLE', details: { set } });
    expectStatus(await admin.put(`/api/v1/tokens/${model.providerId}`, { token: key }));
    expect(expectStatus(await admin.post(`/api/v1/tokens/${model.providerId}/test`))).toMatchObject({
      ok: true,
    });
  });

  it('uses the stored key again once the ring is restored', async () => {
    await restart(right);
    expect(expectStatus(await admin.post(`/api/v1/tokens/${model.providerId}/test`))).toMatchObject({
      ok: true,
    });
    expectStatus(await admin.put(`/api/v1/tokens/${model.providerId}`, { token: key }));
  });
});
