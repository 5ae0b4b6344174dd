import { randomBytes, scryptSync } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UIMessageChunk } from 'ai';
import { Database } from '../../src/platform/database';
import { startTestApp } from '../support/app';
import { createSession, createTeam, say, signUp, Client, type Answer } from '../support/client';
import { createTestDatabase, type TestDatabase } from '../support/databases';
import { createTestEnv } from '../support/env';
import { fetchStream, joinBytes } from '../support/event-streams';
import { ServerProcesses, type ServerProcess } from '../support/process';
import {
  addTeamProvider,
  enableModel,
  expectStatus,
  listExecutions,
  setDefaultModel,
  type UsableModel,
} from '../support/providers';
import { eventually, openAnswer, readChunks, slowly } from '../support/streams';
import { administer, withDatabase } from '../support/template';
import { startWireServer, type WireServer } from '../support/wire';

const serverUrl = process.env.DATABASE_URL;
const onServer = serverUrl ? describe : describe.skip;
const embedded = serverUrl ? describe.skip : describe;

/* Starting processes takes its time on a busy machine. */
jest.setTimeout(120_000);

const makeKek = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;

describe('bad days of a server', () => {
  let processes: ServerProcesses;
  let empty: string;

  beforeAll(async () => {
    processes = new ServerProcesses();
    empty = mkdtempSync(join(tmpdir(), 'ai-studio-empty-'));
  }, 60_000);

  afterAll(async () => {
    await processes.close();
    rmSync(empty, { recursive: true, force: true });
  });

  /** The same person at another address: after a restart the port is another. */
  const at = (client: Client, { url }: ServerProcess) =>
    new Client(url, client.token, client.teamId, client.userId, client.email);

  const messagesOf = async (client: Client, sessionId: string): Promise<Answer['body'][]> =>
    expectStatus(await client.get(`/api/v1/chat/sessions/${sessionId}/messages`)).items;

  const noteOf = ({ dataDir }: TestDatabase): { socketDir?: string } =>
    JSON.parse(readFileSync(join(dataDir, 'lock'), 'utf8'));

  const executionOf = async (client: Client, id: string): Promise<Answer['body']> =>
    (await listExecutions(client)).find((execution) => execution.id === id);

  describe('a command of the terminal', () => {
    const production = { NODE_ENV: 'production', PORT: 'canary' };
    let place: TestDatabase;

    beforeAll(async () => {
      place = await createTestDatabase();
    });

    afterAll(() => place.drop());

    it('verifies the audit log without any key, makes none, and changes nothing', async () => {
      const before = readdirSync(place.dataDir).toSorted();
      for (const [variables, says] of [
        [production, /AUDIT_KEY is not set[^]*0 events in 1 chain: whole/],
        [{}, /(AUDIT_KEY is not set|There is no anchor file)[^]*0 events in 1 chain: whole/], // a server may have generated one
      ] as const) {
        const { code, output } = await processes.run(['audit-verify.js'], place, variables);
        expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(says) });
      }
      expect(readdirSync(place.dataDir).filter((name) => !name.startsWith('lock'))).toEqual(
        before.filter((name) => !name.startsWith('lock')),
      );
    });

    it('says how rotation stands without the secrets of sessions, and plants no canary', async () => {
      const { code, output } = await processes.run(['keys-rotate.js', '--status'], place, {
        ...production,
        AI_STUDIO_KEK: makeKek('one'),
      });
      expect({ code, output }).toEqual({
        code: 0,
        output: expect.stringMatching(/Seals now: one version 1[^]*Left .*: 0/),
      });
      const database = await Database.openAsItIs(createTestEnv(place), 'read');
      expect((await database.pool.query('select from kek_canary')).rowCount).toBe(0);
      await expect(database.pool.query('delete from kek_canary')).rejects.toThrow(/read-only transaction/);
      await database.close();
      const keyless = await processes.run(['keys-rotate.js', '--status'], place, production);
      expect(keyless).toEqual({ code: 1, output: expect.stringContaining('AI_STUDIO_KEK must be set') });
    });

    it('refuses a schema that is older or newer, and a directory without a database', async () => {
      const own = await createTestDatabase();
      const run = () => processes.run(['audit-verify.js'], own);
      const change = async (statement: string) => {
        const database = await Database.openAsItIs(createTestEnv(own), 'write');
        await database.pool.query(statement);
        await database.close();
      };
      await change(`delete from schema_migration where name = 'AuditHardening1764310000000'`);
      expect(await run()).toEqual({
        code: 1,
        output: expect.stringMatching(/older than this command: AuditHardening1764310000000 is missing/),
      });
      await own.drop();
      const nowhere = await processes.run(['audit-verify.js'], {
        dataDir: join(empty, 'nowhere'),
        databaseUrl: undefined,
      });
      expect(nowhere).toEqual({ code: 1, output: expect.stringContaining('There is no database in') });
      expect(existsSync(join(empty, 'nowhere'))).toBe(false);
    });
  });

  describe('a start that must not be', () => {
    /** In a directory of its own: that one is in use is said before what is looked at later. */
    const refuse = async (variables: Record<string, string>) => {
      const dataDir = mkdtempSync(join(empty, 'refused-'));
      const server = processes.spawn({ dataDir, databaseUrl: undefined }, variables);
      const { code } = await server.exited;
      return { code, output: server.output };
    };

    it('names each variable with a bad value, and shows no value', async () => {
      const bad = {
        PORT: 'canary-port',
        PUBLIC_URL: 'ftp://canary-url',
        DATABASE_URL: 'mysql://user:canary-password@host/db',
        AUTH_SECRET: 'canary-short',
        AUTH_SIGN_UP: 'canary-sign-up',
        SANDBOX_PROVIDER: 'canary-sandbox',
        REDIS_URL: 'http://canary-redis',
        METRICS_TOKEN: 'canary',
        LOG_LEVEL: 'canary-level',
        DRAIN_MS: 'canary-ms',
        NODE_ENV: 'canary-env',
        AI_STUDIO_KEK_FILE: '/canary/path',
      };
      const { code, output } = await refuse(bad);
      expect(code).toBe(1);
      for (const name of Object.keys(bad)) expect(output).toContain(name);
      expect(output).not.toMatch(/canary/);
      expect(output).not.toMatch(/\n\s+at /);
    });

    it('refuses a key ring that is none, and allowed hosts that cannot be read, without showing them', async () => {
      const { code, output } = await refuse({ AI_STUDIO_KEK: 'canary' });
      expect([code, output]).toEqual([1, expect.stringContaining('AI_STUDIO_KEK')]);
      const others: Record<string, string>[] = [
        { AI_STUDIO_KEK: `k1:${Buffer.alloc(16, 'canary').toString('base64')}` },
        { EGRESS_ALLOW_HOSTS: 'http://canary/path' },
      ];
      const said = [output];
      for (const variables of others) {
        const place = await createTestDatabase();
        const error: unknown = await startTestApp(variables, place).catch((reason: unknown) => reason);
        await place.drop();
        expect(error).toMatchObject({ message: expect.stringContaining(Object.keys(variables)[0]!) });
        said.push(String(error));
      }
      expect(said.join('\n')).not.toMatch(/canary|Y2FuYXJ5/);
    });

    it('refuses a database that does not answer, without showing its password', async () => {
      const { code, output } = await refuse({
        DATABASE_URL: 'postgres://user:canary-password@127.0.0.1:1/none',
      });
      expect(code).toBe(1);
      expect(output).toMatch(/did not start[^]*DATABASE_URL: nobody listens there\.[^]*ECONNREFUSED/);
      expect(output).not.toContain('canary');
    });
  });

  describe('one server, from crash to crash', () => {
    let database: TestDatabase;
    let wire: WireServer;
    let server: ServerProcess;
    let owner: Client;
    let model: UsableModel;
    let sessionId: string;

    beforeAll(async () => {
      database = await createTestDatabase();
      wire = await startWireServer('openai', { expectKey: 'sk-kept-over-all-days' });
      server = await processes.start(database);
      owner = await createTeam(await signUp(server));
      model = await addTeamProvider(owner, wire, { name: 'wired', key: 'sk-kept-over-all-days' });
      sessionId = await createSession(owner);
    }, 60_000);

    afterAll(async () => {
      server.kill('SIGKILL');
      await server.exited;
      await wire.close();
      await database.drop();
    });

    const restart = async (variables: Record<string, string> = {}) => {
      server = await processes.start(database, variables);
      owner = at(owner, server);
    };

    embedded('while it runs', () => {
      it('lets no second process at its data, and names the process that has it', async () => {
        const second = processes.spawn(database);
        const { code } = await second.exited;
        expect(code).toBe(1);
        expect(second.output).toContain(`in use by process ${server.pid} `);
        expect((await owner.get('/health/ready')).status).toBe(200);
      });

      it('lets no second process at its data where the note of the first is gone or says something else', async () => {
        const note = join(database.dataDir, 'lock');
        for (const text of ['', '{"pid":1,"host":"gone","since":"long ago"}']) {
          writeFileSync(note, text);
          const second = processes.spawn(database);
          expect((await second.exited).code).toBe(1);
          expect(second.output).toContain(
            text ? 'in use by process 1 on gone' : `${database.dataDir} is in use`,
          );
        }
      });
    });

    it('ends by itself when it is told to stop while it starts, also where one was killed in another container', async () => {
      server.kill('SIGKILL');
      await server.exited;
      const note = { pid: 1, host: 'another-container', since: new Date().toISOString() };
      if (!serverUrl) writeFileSync(join(database.dataDir, 'lock'), JSON.stringify(note));
      for (const ms of [1_000, 1_600]) {
        const early = processes.spawn(database);
        await new Promise((resolve) => setTimeout(resolve, ms));
        early.kill('SIGTERM');
        expect(await early.exited).toEqual({ code: 0, signal: null });
      }
      await restart();
      expect((await owner.get('/health/ready')).status).toBe(200);
    });

    it('loses nothing that was acknowledged when it is killed in the middle of an answer', async () => {
      const answer = await openAnswer(owner, sessionId, { text: slowly(5_000, 40) });
      await answer.readWords(30);
      const before = await messagesOf(owner, sessionId);
      // What it has used is kept from the first third of a second on.
      await eventually(async () => (await executionOf(owner, before[1].executionId)).usage.outputTokens > 0);
      const socketDir = serverUrl ? undefined : noteOf(database).socketDir;
      server.kill('SIGKILL');
      expect(await server.exited).toEqual({ code: null, signal: 'SIGKILL' });
      await expect(answer.readAll()).rejects.toThrow();
      if (socketDir) expect(existsSync(socketDir)).toBe(true);

      await restart();
      if (socketDir) expect(existsSync(socketDir)).toBe(false); // nobody else would remove it
      const [question, partial, ...others] = await messagesOf(owner, sessionId);
      expect(others).toEqual([]);
      expect(question).toEqual(before[0]);
      expect(partial).toMatchObject({ role: 'assistant', status: 'interrupted' });
      expect(partial.parts[0].text).toMatch(/^w0 w1 w2 w3 /);
      expect(partial.parts[0].text.length).toBeGreaterThanOrEqual(before[1].parts[0].text.length);
      expect(await executionOf(owner, partial.executionId)).toMatchObject({
        outcome: 'interrupted',
        usage: { source: 'estimated', outputTokens: expect.any(Number) },
      });
      expect(server.output).toContain('unfinished work of a vanished process was ended');
    });

    it('goes on with the interrupted conversation, and nothing is running in it', async () => {
      expect((await owner.get(`/api/v1/chat/sessions/${sessionId}/stream`)).status).toBe(204);
      const next = await say(owner, sessionId, { text: 'Go on' });
      expect(next.text).toContain('w0 w1 w2');
      expect((await messagesOf(owner, sessionId)).at(-1)).toMatchObject({ status: 'complete' });
    });

    it('finishes running answers when it is told to stop, and takes no new work meanwhile', async () => {
      const session = await createSession(owner);
      const answer = await openAnswer(owner, session, { text: slowly(120, 40) });
      await answer.readWords(5);
      server.kill('SIGTERM');
      const ready = await eventually(async () => {
        const health = await owner.get('/health/ready');
        return health.status !== 200 && health;
      });
      expect(ready.status).toBe(503);
      expect((await owner.get('/health/live')).status).toBe(200);
      for (const refused of [
        await owner.post('/api/v1/chat/sessions'),
        await owner.get('/api/v1/team-models'),
        await owner.post(`/api/v1/chat/sessions/${sessionId}/messages`, { text: 'One more' }),
        await owner.query('chat.findSessions', {}),
      ]) {
        expect(refused).toMatchObject({ status: 503, body: { error: { code: 'SHUTTING_DOWN' } } });
        expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      }
      expect(await answer.readAll()).toMatch(/^w0 .* w119$/);
      expect(answer.chunks.at(-1)?.type).toBe('finish');
      expect(await server.exited).toEqual({ code: 0, signal: null });
    });

    it('has kept the password as scrypt, at the full cost', async () => {
      const stopped = await Database.openAsItIs(createTestEnv(database), 'read');
      const { rows } = await stopped.pool.query<{ password: string }>('select password from auth_account');
      await stopped.close();
      const [salt = '', key] = rows[0]!.password.split(':');
      const [N, r] = [16_384, 16];
      const maxmem = 128 * N * r * 2;
      expect(scryptSync('correct horse battery', salt, 64, { N, r, p: 1, maxmem }).toString('hex')).toBe(key);
    });

    /** Another model, of a provider for which there is no key, fails beside the one whose key does not open. */
    const expectSwitches = async (session: string): Promise<void> => {
      const models = [{ modelKey: 'keyless', displayName: 'Keyless' }];
      const body = { displayName: 'Keyless', baseUrl: wire.baseUrl, models };
      const keyless = expectStatus(await owner.post('/api/v1/team-providers', body), 201);
      await enableModel(owner, keyless.models[0].id);
      wire.next({ fail: { status: 401 } });
      const refused = await say(owner, session, { text: 'Hello' });
      const set = `PUT /api/v1/tokens/${keyless.id}`;
      expect(refused).toMatchObject({
        status: 502,
        body: {
          error: {
            code: 'PROVIDER_FAILED',
            message: expect.stringMatching(/cannot open \[AI_STUDIO_KEK\]; .* stored none \(401\) \[PUT /),
            details: {
              set: 'AI_STUDIO_KEK',
              candidates: [
                { modelRef: model.ref, set: 'AI_STUDIO_KEK' },
                { status: 401, reason: 'wants a key, and the team has stored none (401)', set },
              ],
            },
          },
        },
      });
      expectStatus(await owner.delete(`/api/v1/team-providers/${keyless.id}`), 204);
      wire.reset();
    };

    it('says of a key that was sealed under another key-encryption key that it cannot be opened, and keeps it', async () => {
      await restart({ AI_STUDIO_KEK: makeKek('another'), DRAIN_MS: '200' });
      const unreadable = {
        code: 'TOKEN_UNREADABLE',
        message: expect.stringContaining('AI_STUDIO_KEK'),
        details: { set: 'AI_STUDIO_KEK' },
      };
      expect(expectStatus(await owner.get('/api/v1/tokens')).items).toMatchObject([
        { last4: 'days', status: 'unreadable' },
      ]);
      const found = expectStatus(await owner.get('/api/v1/team-models')).items;
      expect(found.find(({ id }: { id: string }) => id === model.id)).toMatchObject({
        enabled: true,
        usable: false,
        reason: expect.stringContaining(`POST /api/v1/tokens/${model.providerId}/test`),
      });
      const modelTest = await owner.post(`/api/v1/team-models/${model.id}/test`);
      expect(modelTest).toMatchObject({ status: 503, body: { error: unreadable } });
      const tokenTest = await owner.post(`/api/v1/tokens/${model.providerId}/test`);
      expect(tokenTest).toMatchObject({ status: 503, body: { error: unreadable } });
      expect(wire.requests).toEqual([]);
      // The sandbox, enabled beside it, does not stand in for it; and the conversation can go on.
      const session = await createSession(owner, { modelId: model.id });
      const refused = await say(owner, session, { text: 'Hello' });
      expect(refused).toMatchObject({ status: 503, body: { error: unreadable } });
      const [execution] = await listExecutions(owner);
      expect(execution).toMatchObject({
        outcome: 'failed',
        attempts: [
          { modelRef: model.ref, outcome: 'failed', reason: 'has a stored key that this server cannot open' },
        ],
      });
      await expectSwitches(session);
      expectStatus(await owner.patch(`/api/v1/chat/sessions/${session}`, { modelId: 'sandbox/echo' }));
      expect((await say(owner, session, { text: 'Hello' })).status).toBe(200);
    });

    it('cuts an answer that does not end in time when it is told to stop, keeps what it said, and says so', async () => {
      sessionId = await createSession(owner);
      const answer = await openAnswer(owner, sessionId, { text: slowly(5_000, 40) });
      await answer.readWords(20);
      const startedAt = performance.now();
      server.kill('SIGTERM');
      await answer.readAll();
      expect(answer.chunks.at(-1)?.type).toBe('abort');
      expect(await server.exited).toEqual({ code: 0, signal: null });
      expect(performance.now() - startedAt).toBeLessThan(20_000);

      await restart();
      const [, partial] = await messagesOf(owner, sessionId);
      expect(partial.status).toBe('interrupted');
      expect(partial.parts[0].text).toBe(answer.text);
      expect(await executionOf(owner, partial.executionId)).toMatchObject({
        outcome: 'interrupted',
        usage: { source: 'estimated' },
      });
      // It was ended in time, not found unfinished.
      expect(server.output).not.toContain('unfinished work');
    });

    it('opens the key again with the right key-encryption key', async () => {
      expect(expectStatus(await owner.get('/api/v1/tokens')).items).toMatchObject([
        { last4: 'days', status: 'usable' },
      ]);
      const test = expectStatus(await owner.post(`/api/v1/team-models/${model.id}/test`));
      expect(test.ok).toBe(true);
      expect(wire.requests[0]?.headers.authorization).toBe('Bearer sk-kept-over-all-days');
    });
  });

  embedded('two processes at once on one empty directory', () => {
    it('start one: the other names it and leaves', async () => {
      const place = { dataDir: join(empty, 'race'), databaseUrl: undefined };
      const pair = [processes.spawn(place), processes.spawn(place)];
      const settled = await Promise.allSettled(pair.map((server) => server.listens()));
      expect(settled.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      const [winner, loser] = settled[0]?.status === 'fulfilled' ? pair : pair.toReversed();
      expect(loser?.output).toContain(`in use by process ${winner?.pid} `);
      expect((await fetch(`${winner?.url}/health/ready`)).status).toBe(200);
    }, 60_000);
  });

  onServer('replicas on one PostgreSQL server', () => {
    let place: { dataDir: string; databaseUrl: string };
    let first: ServerProcess;
    let second: ServerProcess;
    let third: ServerProcess | undefined;
    let wire: WireServer;
    let owner: Client;
    const name = `ai_studio_replicas_${randomBytes(6).toString('hex')}`;

    beforeAll(async () => {
      wire = await startWireServer('openai');
      await administer(serverUrl!, `create database ${name}`);
      place = { dataDir: join(empty, 'replicas'), databaseUrl: withDatabase(serverUrl!, name) };
      // Empty, and both at once.
      [first, second] = await Promise.all([processes.start(place), processes.start(place)]);
      owner = await createTeam(await signUp(first));
    }, 60_000);

    afterAll(async () => {
      for (const server of [first, second, third]) server?.kill('SIGKILL');
      await Promise.all([first, second, third].map((server) => server?.exited));
      await wire.close();
      await administer(serverUrl!, `drop database if exists ${name} with (force)`);
    });

    it('both come up on an empty database, and each knows the accounts of the other', async () => {
      for (const server of [first, second]) {
        expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
        expect(expectStatus(await at(owner, server).get('/api/v1/team-models')).items).toHaveLength(1);
      }
    });

    it('are seen by a rotation of keys, which waits until they have its key', async () => {
      const rotate = (...args: string[]) =>
        processes.run(['keys-rotate.js', ...args], place, { AI_STUDIO_KEK: makeKek('other') });
      expect(await rotate('--status')).toEqual({
        code: 2,
        output: expect.stringContaining('Servers: 2. Not known to open what other wraps: 2.'),
      });
      for (const option of [[], ['--data-keys']])
        expect(await rotate(...option)).toEqual({
          code: 1,
          output: expect.stringContaining('No server has started with the key other yet'),
        });
    });

    it('see at once what is changed on the other: default, key, deleted key', async () => {
      // Far below the 30 seconds after which a replica looks by itself.
      const soon = 5_000;
      const [here, there] = [at(owner, first), at(owner, second)];
      const ask = async (client: Client, modelId?: string) =>
        say(client, await createSession(client), { text: 'Hello', ...(modelId ? { modelId } : {}) });
      expect((await ask(there)).text).toContain('# Platform rules');

      const model = await addTeamProvider(here, wire, { name: 'shared', key: 'sk-first-key-0001' });
      await setDefaultModel(here, model.id);
      await eventually(async () => (await ask(there)).text === 'echo: Hello', soon);
      expect(wire.requests.at(-1)?.headers.authorization).toBe('Bearer sk-first-key-0001');

      expectStatus(await here.put(`/api/v1/tokens/${model.providerId}`, { token: 'sk-other-key-0002' }));
      await eventually(async () => {
        await ask(there);
        return wire.requests.at(-1)?.headers.authorization === 'Bearer sk-other-key-0002';
      }, soon);

      expectStatus(await here.patch(`/api/v1/team-models/${model.id}`, { settings: { temperature: 0.5 } }));
      await eventually(async () => {
        await ask(there);
        return (wire.requests.at(-1)!.body as { temperature?: number }).temperature === 0.5;
      }, soon);

      expectStatus(await there.delete(`/api/v1/team-providers/${model.providerId}`), 204);
      await eventually(async () => (await ask(here, model.id)).body?.error?.code === 'NOT_FOUND', soon);
      await eventually(async () => (await ask(here)).body?.error?.code === 'NO_DEFAULT_MODEL', soon);
      await setDefaultModel(here, 'sandbox/echo');
      await eventually(async () => (await ask(there)).status === 200, soon);
    });

    it("end what a killed one left unfinished, and leave a living one's answer alone", async () => {
      const [here, there] = [at(owner, first), at(owner, second)];
      const [dying, living] = [await createSession(here), await createSession(there)];
      const cut = await openAnswer(here, dying, { text: slowly(5_000, 40) });
      await cut.readWords(25);
      const whole = await openAnswer(there, living, { text: slowly(5_000, 40) });
      await whole.readWords(1);
      const elsewhere = await joinBytes(there, dying);
      await elsewhere.readBytes(500);
      first.kill('SIGKILL');
      await first.exited;
      await expect(cut.readAll()).rejects.toThrow();

      third = await processes.start(place);
      const [, partial] = await messagesOf(at(owner, third), dying);
      expect(partial).toMatchObject({
        status: 'interrupted',
        parts: [{ text: expect.stringMatching(/^w0 w1 w2 /) }],
      });
      expect(await executionOf(there, partial.executionId)).toMatchObject({ outcome: 'interrupted' });
      // Who read it on the other one gets all that was logged, and an end.
      await elsewhere.readAll();
      expect(elsewhere.text).toContain('{"type":"abort","reason":"interrupted"}');
      expect(elsewhere.isWhole).toBe(true);
      const [, running] = await messagesOf(at(owner, third), living);
      expect(running.status).toBe('streaming');
      await whole.readWords(whole.text.split(' ').length + 40);
      expectStatus(await there.post(`/api/v1/chat/sessions/${living}/stop`));
      const [, stopped] = await messagesOf(at(owner, third), living);
      expect(stopped.status).toBe('stopped');
      expect(await executionOf(there, stopped.executionId)).toMatchObject({ outcome: 'stopped' });
    }, 60_000);

    it('outlive a database that is away for a second when an answer ends', async () => {
      const there = at(owner, second);
      const sessionId = await createSession(there);
      const answer = await openAnswer(there, sessionId, { text: slowly(60, 40) });
      await answer.readWords(55);
      await administer(serverUrl!, `alter database ${name} with allow_connections false`);
      const sessions = `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`;
      await administer(serverUrl!, sessions);
      await answer.readWords(60);
      await new Promise((resolve) => setTimeout(resolve, 700));
      await administer(serverUrl!, `alter database ${name} with allow_connections true`);
      expect(await answer.readAll()).toMatch(/^w0 .* w59$/);
      const [, stored] = await eventually(async () => {
        const messages = await messagesOf(there, sessionId);
        return messages[1].status !== 'streaming' && messages;
      });
      expect(stored).toMatchObject({ status: 'complete', parts: [{ text: answer.text }] });
      expect(await executionOf(there, stored.executionId)).toMatchObject({ outcome: 'completed' });
      // Its log has caught up.
      const logged: UIMessageChunk[] = [];
      for await (const chunk of readChunks(await fetchStream(there, sessionId, { offset: 0 })))
        logged.push(chunk);
      expect(logged).toEqual(answer.chunks);
      // It hears of changes again, too.
      await setDefaultModel(there, 'sandbox/echo');
      expect((await say(there, sessionId, { text: 'Go on' })).status).toBe(200);
    });
  });
});
