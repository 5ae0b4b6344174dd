import { createServer, type AddressInfo, type Server } from 'node:net';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database, Recovery } from '../../src/platform/database';
import { startTestApp, type TestApp } from '../support/app';
import { addMember, Client, createSession, createTeam, say, signUp, type Answer } from '../support/client';
import { ServerProcesses } from '../support/process';
import { addTeamProvider, expectStatus, type UsableModel } from '../support/providers';
import { joinAnswer, openAnswer, slowly } from '../support/streams';
import { startWireServer, type WireServer } from '../support/wire';

const onServer = process.env.DATABASE_URL ? describe : describe.skip;
const sessionsPath = '/api/v1/chat/sessions';
const preferencePath = '/api/v1/app-config/chat/me';

const at = (client: Client, { url }: { url: string }) =>
  new Client(url, client.token, client.teamId, client.userId, client.email);

const messagesOf = async (client: Client, sessionId: string): Promise<Answer['body'][]> =>
  expectStatus(await client.get(`${sessionsPath}/${sessionId}/messages?limit=200`)).items;

const statesOf = (message: Answer['body']): unknown[] =>
  message.parts.map(({ state }: { state?: string }) => state);

describe('a conversation on a bad day', () => {
  let app: TestApp;
  let owner: Client & { teamId: string };
  let wire: WireServer;
  let model: UsableModel;

  beforeAll(async () => {
    app = await startTestApp();
    owner = await createTeam(await signUp(app));
    wire = await startWireServer('openai');
    model = await addTeamProvider(owner, wire, { name: 'wired' });
  }, 60_000);

  afterEach(() => wire.reset());

  afterAll(async () => {
    await app.close();
    await wire.close();
  });

  describe('whose model is gone', () => {
    const prefer = async (defaultModelId: string | null) =>
      expectStatus(await owner.put(preferencePath, { config: { defaultModelId } }));

    const goneModel = async (): Promise<UsableModel> => {
      const gone = await addTeamProvider(owner, wire, {
        name: `gone-${Math.random().toString(36).slice(2)}`,
      });
      return gone;
    };

    const remove = async ({ providerId }: UsableModel) =>
      expectStatus(await owner.delete(`/api/v1/team-providers/${providerId}`), 204);

    afterEach(() => prefer(null));

    it.each(['openai/never-there', 'neither id nor reference', '019aa000-0000-7000-8000-00000000dead'])(
      'says that the preferred model %s is not there, and where to choose another',
      async (modelId) => {
        await prefer(modelId);
        const sessionId = await createSession(owner);
        expect(await say(owner, sessionId, { text: 'Hello' })).toMatchObject({
          status: 409,
          body: {
            error: {
              code: 'MODEL_NOT_AVAILABLE',
              message: expect.stringContaining(`PUT ${preferencePath}`),
              details: { modelId, set: `PUT ${preferencePath}` },
            },
          },
        });
        expect((await say(owner, sessionId, { text: 'Hello' })).body.error.message).toContain(modelId);
        expect(await messagesOf(owner, sessionId)).toEqual([]);
        // Doing what it says helps.
        await prefer(null);
        expect((await say(owner, sessionId, { text: 'Hello' })).status).toBe(200);
      },
    );

    it('says the same of a preferred model that was deleted', async () => {
      const gone = await goneModel();
      await prefer(gone.ref);
      const sessionId = await createSession(owner);
      expect((await say(owner, sessionId, { text: 'Hello' })).status).toBe(200);
      await remove(gone);
      const { status, body } = await say(owner, sessionId, { text: 'Hello' });
      expect([status, body.error.code]).toEqual([409, 'MODEL_NOT_AVAILABLE']);
      expect(body.error.message).toContain(gone.ref);
      expect(body.error.message).toContain(`PUT ${preferencePath}`);
    });

    it("says that the conversation's model was deleted, and how to give it another", async () => {
      const gone = await goneModel();
      const sessionId = await createSession(owner, { modelId: gone.ref });
      await remove(gone);
      const { status, body } = await say(owner, sessionId, { text: 'Hello' });
      expect([status, body.error.code]).toEqual([409, 'MODEL_NOT_AVAILABLE']);
      expect(body.error.message).toContain(gone.id);
      expect(body.error.message).toContain(`PATCH ${sessionsPath}/${sessionId}`);
      expect(body.error.details.set).toBe(`PATCH ${sessionsPath}/${sessionId}`);
      expectStatus(await owner.patch(`${sessionsPath}/${sessionId}`, { modelId: null }));
      expect((await say(owner, sessionId, { text: 'Hello' })).status).toBe(200);
    });

    it('still says NOT_FOUND where the message itself names it', async () => {
      const sessionId = await createSession(owner);
      expect(await say(owner, sessionId, { text: 'Hello', modelId: 'openai/never-there' })).toMatchObject({
        status: 404,
        body: { error: { code: 'NOT_FOUND' } },
      });
    });
  });

  describe('that ends too early', () => {
    it('keeps parts that say they are done: stopped', async () => {
      const sessionId = await createSession(owner);
      const answer = await openAnswer(owner, sessionId, { text: slowly(5_000, 80) });
      await answer.readWords(40);
      expect(statesOf((await messagesOf(owner, sessionId))[1])).toEqual(['streaming']);
      expect(statesOf(expectStatus(await owner.post(`${sessionsPath}/${sessionId}/stop`)))).toEqual(['done']);
      expect(statesOf((await messagesOf(owner, sessionId))[1])).toEqual(['done']);
    });

    it('keeps parts that say they are done: failed', async () => {
      wire.next({ reply: { chunks: ['Half ', 'of it'], cutAfterChunks: 1 } });
      const sessionId = await createSession(owner, { modelId: model.id });
      await say(owner, sessionId, { text: 'Hello' });
      expect((await messagesOf(owner, sessionId))[1]).toMatchObject({
        status: 'failed',
        parts: [{ type: 'text', state: 'done' }],
      });
    });
  });
});

onServer('a conversation over two replicas', () => {
  let first: TestApp;
  let second: TestApp;
  let owner: Client & { teamId: string };
  let member: Client;
  let wire: WireServer;

  beforeAll(async () => {
    first = await startTestApp();
    second = await startTestApp({}, first.database);
    owner = await createTeam(await signUp(first));
    member = await addMember(first, owner);
    wire = await startWireServer('openai');
  }, 60_000);

  afterAll(async () => {
    await second.close();
    await first.close();
    await wire.close();
  });

  it('refuses whoever it does not belong to, and leaves their stop without effect', async () => {
    const sessionId = await createSession(owner);
    const answer = await openAnswer(owner, sessionId, { text: slowly(5_000, 50) });
    await answer.readWords(3);
    const stranger = await createTeam(await signUp(first));
    for (const other of [member, stranger]) {
      expect((await at(other, second).post(`${sessionsPath}/${sessionId}/stop`)).status).toBe(404);
      expect((await at(other, second).get(`${sessionsPath}/${sessionId}/stream`)).status).toBe(404);
    }
    await answer.readWords(10);
    expect((await messagesOf(owner, sessionId))[1].status).toBe('streaming');
    expectStatus(await owner.post(`${sessionsPath}/${sessionId}/stop`));
  });

  it('is stopped by whichever is asked, over both transports, and alone', async () => {
    const there = at(owner, second);
    const stops = [
      async (id: string) => expectStatus(await there.post(`${sessionsPath}/${id}/stop`)),
      async (id: string) => expectStatus(await there.mutate('chat.stop', { sessionId: id })).result.data,
    ];
    const other = await openAnswer(owner, await createSession(owner), { text: slowly(5_000, 50) });
    for (const stop of stops) {
      const sessionId = await createSession(owner);
      const answer = await openAnswer(owner, sessionId, { text: slowly(5_000, 50) });
      await answer.readWords(5);
      const stopped = await stop(sessionId);
      expect(stopped).toMatchObject({ role: 'assistant', status: 'stopped' });
      await answer.readAll();
      expect(answer.chunks.at(-1)?.type).toBe('abort');
      expect((await messagesOf(there, sessionId))[1]).toMatchObject(stopped);
      expect((await there.post(`${sessionsPath}/${sessionId}/stop`)).status).toBe(204);
    }
    await other.readWords(15);
    other.hangUp();
  });

  it('is deleted by whichever is asked, and its answer ends first', async () => {
    const sessionId = await createSession(owner);
    const answer = await openAnswer(owner, sessionId, { text: slowly(5_000, 50) });
    await answer.readWords(3);
    expect((await at(owner, second).delete(`${sessionsPath}/${sessionId}`)).status).toBe(204);
    await answer.readAll();
    expect(answer.chunks.at(-1)?.type).toBe('abort');
  });

  it('is streamed by whichever is asked, while it runs', async () => {
    const sessionId = await createSession(owner);
    const answer = await openAnswer(owner, sessionId, { text: slowly(5_000, 50) });
    await answer.readWords(3);
    const [joined, elsewhere] = [
      await joinAnswer(owner, sessionId),
      await joinAnswer(at(owner, second), sessionId),
    ];
    await elsewhere.readWords(20);
    expectStatus(await owner.post(`${sessionsPath}/${sessionId}/stop`));
    await Promise.all([answer.readAll(), joined.readAll(), elsewhere.readAll()]);
    expect(elsewhere.chunks).toEqual(answer.chunks);
    expect(joined.chunks).toEqual(answer.chunks);
    expect((await at(owner, second).get(`${sessionsPath}/${sessionId}/stream`)).status).toBe(204);
  });

  it('goes on where its replica is cut off from the database for a moment, whoever looks meanwhile', async () => {
    const sessionId = await createSession(owner);
    const answer = await openAnswer(owner, sessionId, { text: slowly(160, 20) });
    await answer.readWords(2);
    const { pool } = first.nest.get(Database);
    const cutOff = `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'ai-studio session'`;
    for (const replica of [second, first]) {
      await pool.query(cutOff);
      await replica.nest.get(Recovery).sweep();
    }
    expect((await answer.readAll()).split(' ')).toHaveLength(160);
    expect((await messagesOf(owner, sessionId))[1].status).toBe('complete');
  });

  it('says that a stop was not heard, where its replica is gone', async () => {
    const sessionId = await createSession(owner);
    await say(owner, sessionId, { text: 'Hello' });
    const { pool } = first.nest.get(Database);
    const { id } = (await messagesOf(owner, sessionId))[1];
    // As a process that was killed leaves it, before recovery comes by.
    const parts = JSON.stringify([{ type: 'text', text: 'Half', state: 'streaming' }]);
    const stopInVain = async () => {
      await pool.query(
        `update chat_message set status = 'streaming', instance_id = 1, parts = $2 where id = $1`,
        [id, parts],
      );
      return at(owner, second).post(`${sessionsPath}/${sessionId}/stop`);
    };
    let refused = await stopInVain();
    if (refused.status === 200) refused = await stopInVain(); // recovery came by, as it does four times a minute
    expect(refused).toMatchObject({
      status: 409,
      body: { error: { code: 'CONFLICT', message: expect.stringContaining('did not end') } },
    });
    await pool.query(`update chat_message set status = 'interrupted' where id = $1`, [id]);
    expect(statesOf((await messagesOf(owner, sessionId))[1])).toEqual(['done']);
  });
});

describe('names', () => {
  let app: TestApp;
  let owner: Client & { teamId: string };
  const long = 'x'.repeat(201);

  beforeAll(async () => {
    app = await startTestApp();
    owner = await createTeam(await signUp(app));
  });

  afterAll(() => app.close());

  it('of people and teams are of a length that somebody reads', async () => {
    const account = { name: 'Bea', email: 'bea@example.com', password: 'correct horse battery' };
    const team = { name: 'Team', slug: 'team' };
    const refused: [field: string, path: string, body: object][] = [
      ['name', 'sign-up/email', { ...account, name: 'x'.repeat(200_000) }],
      ['name', 'sign-up/email', { ...account, name: long }],
      ['email', 'sign-up/email', { ...account, email: `${'x'.repeat(400)}@example.com` }],
      ['name', 'update-user', { name: long }],
      ['name', 'organization/create', { ...team, name: long }],
      ['slug', 'organization/create', { ...team, slug: long }],
      ['name', 'organization/update', { organizationId: owner.teamId, data: { name: long } }],
      ['slug', 'organization/update', { organizationId: owner.teamId, data: { slug: long } }],
      [
        'email',
        'organization/invite-member',
        { organizationId: owner.teamId, role: 'member', email: `${long}${long}@example.com` },
      ],
    ];
    for (const [field, path, body] of refused) {
      const answer = await owner.post(`/api/auth/${path}`, body);
      expect([path, answer.status, answer.body]).toEqual([
        path,
        400,
        { code: 'VALIDATION_FAILED', message: expect.stringMatching(new RegExp(`^${field} .*at most \\d+`)) },
      ]);
    }
    const longest = 'y'.repeat(200);
    expectStatus(await owner.post('/api/auth/sign-up/email', { ...account, name: longest }));
    expectStatus(await owner.post('/api/auth/organization/create', { name: longest, slug: longest }));
  });
});

describe('a start where nothing can listen', () => {
  let processes: ServerProcesses;
  let dataDir: string;
  let taken: Server;

  beforeAll(async () => {
    processes = new ServerProcesses();
    dataDir = mkdtempSync(join(tmpdir(), 'ai-studio-deaf-'));
    taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  }, 60_000);

  afterAll(async () => {
    await processes.close();
    taken.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it.each([
    ['HOST', { HOST: '300.1.1.1', PORT: '0' }],
    ['HOST', { HOST: 'http://localhost', PORT: '3999' }],
    ['HOST', { HOST: 'not-a-host.invalid', PORT: '0' }],
    ['HOST', { HOST: '192.0.2.1', PORT: '3999' }],
    ['PORT', { HOST: '127.0.0.1', PORT: 'taken' }],
  ])(
    'names %s and lets go of the data: %j',
    async (name, variables) => {
      const port = String((taken.address() as AddressInfo).port);
      const server = processes.spawn(
        { dataDir, databaseUrl: undefined },
        { ...variables, ...(variables.PORT === 'taken' ? { PORT: port } : {}) },
      );
      expect(await server.exited).toEqual({ code: 1, signal: null });
      expect(server.output).toMatch(new RegExp(`did not start[^]*- ${name}: `));
      expect(server.output).not.toMatch(/TypeError|\n\s+at /);
      expect(existsSync(join(dataDir, 'lock'))).toBe(false);
    },
    60_000,
  );
});
