import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { Client as PgClient } from 'pg';
import { DataSource } from 'typeorm';
import { toTeamId, toUserId, type TeamId } from '@kdx/shared';
import { instanceChain } from '../../src/platform/audit';
import { Database, PlatformTransaction, TeamTransaction, type Statement } from '../../src/platform/database';
import { AutoVacuum } from '../../src/platform/database/auto-vacuum';
import { dataSourceOptions } from '../../src/platform/database/database';
import { startEmbeddedDatabase } from '../../src/platform/embedded-database';
import { toAppError } from '../../src/platform/errors';
import { LOGGER } from '../../src/platform/logging';
import { describeSchema } from '../architecture/catalogue';
import { startTestApp, type TestApp } from '../support/app';
import { Client, createTeam, signUp } from '../support/client';
import { createTestDatabase } from '../support/databases';
import { createTestEnv } from '../support/env';
import { ServerProcesses } from '../support/process';
import { administer, runIn, withDatabase } from '../support/template';

const onServer = process.env.DATABASE_URL ? describe : describe.skip;
const embedded = process.env.DATABASE_URL ? describe.skip : describe;

const teamCount = 12;
const transactionCount = 600;

onServer('a database user that may make no roles', () => {
  const user = `ai_studio_test_${randomBytes(6).toString('hex')}`;
  const serverUrl = process.env.DATABASE_URL ?? '';
  let dataDir: string;

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'ai-studio-test-'));
    await administer(serverUrl, `create role ${user} login`);
    await administer(serverUrl, `create database ${user} owner ${user}`);
  });

  afterAll(async () => {
    await administer(serverUrl, `drop database ${user} with (force)`);
    await administer(serverUrl, `drop role ${user}`);
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('is told once all that an administrator has to run, and that suffices', async () => {
    const url = new URL(process.env.DATABASE_URL!);
    Object.assign(url, { pathname: user, username: user });
    const env = createTestEnv({ dataDir, databaseUrl: url.href });
    const refusal: unknown = await Database.open(env).catch((error: unknown) => error);
    const wanted = /Ask an administrator to run: (.*;)$/.exec((refusal as Error).message)?.[1];
    expect(wanted?.match(/grant (\w+) to/g)).toEqual(
      ['app', 'platform', 'maintenance'].map((name) => `grant ai_studio_${name} to`),
    );
    await administer(serverUrl, wanted!);
    await (await Database.open(env)).close();
    // What is taken away later is noticed at the next start, and not by the first who makes a team.
    await administer(serverUrl, `revoke ai_studio_app from ${user}`);
    const revoked = `Ask an administrator to run, in this database: grant ai_studio_app to ${user};`;
    await expect(Database.open(env)).rejects.toThrow(revoked);
    await administer(serverUrl, `grant ai_studio_app to ${user}`);
    await (await Database.open(env)).close();
  });

  it('or no tables either, is told what else', async () => {
    const strict = `${user}_strict`;
    await administer(serverUrl, `create database ${strict}`);
    const url = new URL(process.env.DATABASE_URL!);
    Object.assign(url, { pathname: strict, username: user });
    const env = createTestEnv({ dataDir, databaseUrl: url.href });
    const inDatabase = withDatabase(serverUrl, strict);
    try {
      for (const hardened of [false, true]) {
        if (hardened) await runIn(inDatabase, 'revoke all on schema public from public, ai_studio_app');
        if (hardened) await runIn(inDatabase, `revoke usage on schema public from ${user}`);
        for (const what of hardened ? ['create, usage', 'usage'] : ['create, usage']) {
          const refusal: unknown = await Database.open(env).catch((error: unknown) => error);
          const wanted = /run, in this database: (.*;)$/.exec((refusal as Error).message)?.[1];
          expect(wanted).toContain(`grant ${what} on schema public to`);
          await runIn(inDatabase, wanted!);
        }
        await (await Database.open(env)).close();
      }
    } finally {
      await administer(serverUrl, `drop database ${strict} with (force)`);
    }
  });
});

onServer('a server that cannot be connected to', () => {
  let dataDir: string;

  beforeAll(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'ai-studio-test-'));
  });

  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  it.each([
    [
      'database',
      { pathname: 'ai_studio_test_nowhere' },
      /^ {2}- DATABASE_URL: there is no such database\. .*createdb/m,
    ],
    [
      'user',
      { username: 'ai_studio_test_nobody' },
      /^ {2}- DATABASE_URL: PostgreSQL lets this user not in\. /m,
    ],
    [
      'encryption',
      { search: 'sslmode=verify-full' },
      /^ {2}- DATABASE_URL: PostgreSQL offers no encryption there/m,
    ],
    [
      'file',
      { search: 'sslmode=verify-full&sslrootcert=/nowhere' },
      /^ {2}- DATABASE_URL: a file that it names/m,
    ],
  ])('names the variable, and what helps: no such %s', async (_what, change, message) => {
    const url = Object.assign(new URL(process.env.DATABASE_URL!), change);
    const env = createTestEnv({ dataDir, databaseUrl: url.href });
    await expect(Database.open(env)).rejects.toThrow(message);
  });
});

describe('a database user that may make roles, and is no superuser', () => {
  it('takes those that it made, by the rules of PostgreSQL from version 16 on', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'ai-studio-test-'));
    const embedded = await startEmbeddedDatabase(dataDir);
    const dataSource = new DataSource(dataSourceOptions(embedded.connection));
    try {
      await dataSource.initialize();
      for (const statement of [
        'create role installer login createrole',
        'grant create on schema public to installer',
        'set session authorization installer',
      ])
        await dataSource.query(statement); // on the one connection that there is
      const [{ version }] = await dataSource.query(
        `select current_setting('server_version_num')::int as version`,
      );
      expect(version).toBeGreaterThanOrEqual(160_000);
      await dataSource.runMigrations();
      for (const role of ['app', 'platform', 'maintenance'])
        await dataSource.query(`start transaction; set local role ai_studio_${role}; commit`);
    } finally {
      await dataSource.destroy();
      await embedded.stop();
      rmSync(dataDir, { recursive: true, force: true });
    }
  }, 60_000);
});

describe('team transactions', () => {
  let app: TestApp;
  let teams: TeamId[];
  let transaction: TeamTransaction;

  beforeAll(async () => {
    app = await startTestApp();
    transaction = app.nest.get(TeamTransaction);
    const owner = await signUp(app);
    teams = [];
    for (let n = 0; n < teamCount; n += 1) teams.push(toTeamId((await createTeam(owner)).teamId));
    for (const teamId of teams)
      await transaction.run({ teamId }, (manager) =>
        manager.query(insertProvider, [teamId, crypto.randomUUID(), teamId]),
      );
  });

  afterAll(() => app.close());

  const insertProvider = `insert into ai_team_provider (team_id, id, display_name, base_url, created_at, updated_at)
    values ($1, $2, $3, 'https://example.com', now(), now())`;
  const listProviders = 'select team_id from ai_team_provider';

  it('see nothing of another team, even without a filter', async () => {
    const [teamId] = teams;
    const rows = await transaction.run({ teamId: teamId! }, (manager) => manager.query(listProviders));
    expect(rows).toEqual([{ team_id: teamId }]);
  });

  it('cannot write a row of another team', async () => {
    const [mine, other] = teams;
    const write = transaction.run({ teamId: mine! }, (manager) =>
      manager.query(insertProvider, [other, crypto.randomUUID(), 'intruder']),
    );
    await expect(write).rejects.toThrow(/row-level security/);
  });

  it('change nothing of another team, even without a filter', async () => {
    const [mine] = teams;
    const [, changed] = await transaction.run({ teamId: mine! }, (manager) =>
      manager.query(`update ai_team_provider set base_url = base_url`),
    );
    expect(changed).toBe(1);
  });

  it('refuse a scope that is no UUID', () => {
    const forged = "x'; drop table team; --" as TeamId;
    expect(() => transaction.run({ teamId: forged }, async () => undefined)).toThrow(TypeError);
    expect(() =>
      transaction.run(
        { teamId: teams[0]!, userId: 'x' as ReturnType<typeof toUserId> },
        async () => undefined,
      ),
    ).toThrow(TypeError);
  });

  it('have no right on accounts, sessions and members', async () => {
    for (const table of ['auth_user', 'auth_session', 'auth_account', 'team_member']) {
      const read = transaction.run({ teamId: teams[0]! }, (manager) => manager.query(`select from ${table}`));
      await expect(read).rejects.toThrow(/permission denied/);
    }
  });

  it('may read the catalogue and not write it', async () => {
    const write = transaction.run({ teamId: teams[0]! }, (manager) =>
      manager.query(`update ai_model set enabled = false`),
    );
    await expect(write).rejects.toThrow(/permission denied/);
  });

  it('are the only way to tables of a team: the platform role has no right on them', async () => {
    const read = app.nest.get(PlatformTransaction).run((manager) => manager.query(listProviders));
    await expect(read).rejects.toThrow(/permission denied/);
  });

  it('leave role and scope behind on no connection', async () => {
    const { rows } = await app.nest
      .get(Database)
      .pool.query<{ role: string; team: string | null }>(
        `select current_user as role, nullif(current_setting('app.team_id', true), '') as team`,
      );
    expect(rows[0]?.role).not.toMatch(/^ai_studio_/);
    expect(rows[0]?.team).toBeNull();
  });

  it('read one statement in one round trip, and survive a failing one', async () => {
    const [teamId] = teams;
    await expect(transaction.readOne({ teamId: teamId! }, 'select 1 / 0')).rejects.toThrow(
      /division by zero/,
    );
    await expect(
      transaction.readOne({ teamId: teamId! }, `insert into ai_team values (null)`),
    ).rejects.toThrow();
    expect(await transaction.readOne({ teamId: teamId! }, listProviders)).toEqual([{ team_id: teamId }]);
  });

  describe('of several statements sent at once', () => {
    const insert = (teamId: string) => [insertProvider, [teamId, crypto.randomUUID(), 'sent at once']];
    const count = `select count(id)::int as count from ai_team_provider where team_id = $1`;

    it('happen all or not at all, and name the first that failed', async () => {
      const [mine, other] = teams as [TeamId, TeamId];
      const intrude = transaction.pipeline({ teamId: mine }, [
        insert(mine) as Statement,
        insert(other) as Statement,
        insert(mine) as Statement,
      ]);
      await expect(intrude).rejects.toThrow(/row-level security/);
      const broken = transaction.pipeline({ teamId: mine }, [
        insert(mine) as Statement,
        ['select 1 / $1', [0]],
      ]);
      await expect(broken).rejects.toThrow(/division by zero/);
      expect(await transaction.pipeline({ teamId: mine }, [[count, [mine]]])).toEqual([[{ count: 1 }]]);
    });

    it('see nothing of another team, under the same prepared statement', async () => {
      for (const teamId of [...teams, ...teams]) {
        const rows = await transaction.pipeline({ teamId }, [
          ['select team_id from ai_team_provider where $1::int = 1', [1]],
        ]);
        expect(rows).toEqual([[{ team_id: teamId }]]);
      }
    });

    it('refuse a scope that is no UUID before anything is sent', async () => {
      const forged = transaction.pipeline({ teamId: `x'; drop table team; --` as TeamId }, [[count, ['x']]]);
      await expect(forged).rejects.toThrow(TypeError);
      expect(await transaction.pipeline({ teamId: teams[0]! }, [[count, [teams[0]]]])).toHaveLength(1);
    });

    it('are prepared anew on a new connection', async () => {
      const { pool } = app.nest.get(Database);
      const [teamId] = teams as [TeamId];
      for (let round = 0; round < 3; round += 1) {
        const clients = await Promise.all(
          Array.from({ length: pool.options.max ?? 1 }, () => pool.connect()),
        );
        clients.forEach((client) => client.release(true));
        expect(await transaction.pipeline({ teamId }, [[count, [teamId]]])).toEqual([[{ count: 1 }]]);
      }
    });
  });

  it(`never mix in ${transactionCount} interleaved runs with aborts`, async () => {
    const run = async (n: number): Promise<'clean' | 'aborted'> => {
      const teamId = teams[n % teamCount]!;
      try {
        await transaction.run({ teamId }, async (manager) => {
          const first = await manager.query(listProviders);
          await manager.query('update ai_team_provider set updated_at = now()');
          const second = await manager.query(listProviders);
          for (const rows of [first, second])
            if (rows.length !== 1 || rows[0].team_id !== teamId) throw new Error('bleed');
          if (n % 7 === 0) throw new Error('abort');
        });
        return 'clean';
      } catch (error) {
        if (error instanceof Error && error.message === 'abort') return 'aborted';
        throw error;
      }
    };
    const results = await Promise.all(Array.from({ length: transactionCount }, (_, n) => run(n)));
    expect(results.filter((result) => result === 'aborted')).toHaveLength(Math.ceil(transactionCount / 7));
  });
});

onServer('a lock that somebody does not let go', () => {
  let app: TestApp;
  let owner: Client & { teamId: string };
  let holder: PgClient;

  beforeAll(async () => {
    app = await startTestApp();
    owner = await createTeam(await signUp(app));
    holder = new PgClient({ connectionString: app.database.databaseUrl });
    await holder.connect();
    await holder.query('begin');
    for (const chain of [owner.teamId, instanceChain])
      await holder.query(`select pg_advisory_xact_lock(hashtextextended('audit:' || $1::text, 0))`, [chain]);
  });

  afterAll(async () => {
    await holder.end();
    await app.close();
  });

  it('delays a change for seconds and refuses it then, with nothing changed: ours and that of Better Auth', async () => {
    const agents = owner.post('/api/v1/agents', { name: 'delayed', instructions: 'x' });
    const signIn = new Client(app.url).post('/api/auth/sign-in/email', {
      email: owner.email,
      password: 'correct horse battery',
    });
    for (const { status, body, headers } of await Promise.all([agents, signIn])) {
      expect([status, body.error.code]).toEqual([409, 'CONFLICT']);
      expect(headers.get('retry-after')).toBe('5');
    }
    await holder.query('rollback');
    expect((await owner.post('/api/v1/agents', { name: 'delayed', instructions: 'x' })).status).toBe(201);
  });

  it('is taken from a session whose transaction does nothing, and from a statement without end', async () => {
    const { pool } = app.nest.get(Database);
    const { rows } = await pool.query(
      `select name, setting from pg_settings where name ~ '^(lock|statement|idle_in_transaction_session)_timeout$' order by 1`,
    );
    expect(rows).toEqual([
      { name: 'idle_in_transaction_session_timeout', setting: '30000' },
      { name: 'lock_timeout', setting: '5000' },
      { name: 'statement_timeout', setting: '30000' },
    ]);
    const slow = app.nest.get(PlatformTransaction).run(async (manager) => {
      await manager.query(`set local statement_timeout = '50ms'`);
      await manager.query('select pg_sleep(10)');
    });
    await expect(slow.catch((error: unknown) => Promise.reject(toAppError(error)))).rejects.toMatchObject({
      code: 'SHUTTING_DOWN',
      retryAfterSeconds: 5,
    });
  });

  it('ends with its connection, and the process that had it goes on', async () => {
    const client = await app.nest.get(Database).connect();
    await client.query(`begin; set local idle_in_transaction_session_timeout = '50ms'`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await expect(client.query('select 1')).rejects.toThrow();
    client.release(true);
    expect((await owner.get('/api/v1/agents')).status).toBe(200);
  });
});

embedded('the embedded database', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  it('gives the place of old rows to new ones, and knows how large its tables are', async () => {
    const { pool } = app.nest.get(Database);
    const vacuum = app.nest.get(AutoVacuum);
    await vacuum.run();
    await vacuum.run(); // the first changed the catalog
    expect(await vacuum.run()).toEqual([]); // nothing has changed since

    await pool.query('create table grown (id int primary key, text text)');
    await pool.query(`insert into grown select n, repeat('x', 500) from generate_series(1, 2000) n`);
    const rewrite = async () => {
      await pool.query(`update grown set text = text || 'y'`);
      expect(await vacuum.run()).toContain('public.grown');
      const { rows } = await pool.query(
        `select pg_relation_size('grown') as bytes, reltuples as rows from pg_class where oid = 'grown'::regclass`,
      );
      return rows[0];
    };
    const once = await rewrite();
    expect(once.rows).toBe(2_000);
    for (let times = 0; times < 3; times += 1) expect(await rewrite()).toEqual(once);
    await pool.query('drop table grown');
  });

  it('does not grow by what it knows of its tables', async () => {
    const { pool } = app.nest.get(Database);
    const vacuum = app.nest.get(AutoVacuum);
    const columns = Array.from({ length: 12 }, (_, index) => `t${index}`);
    await pool.query(`create table wide (${columns.map((name) => `${name} text`).join(', ')})`);
    await pool.query(
      `insert into wide select ${columns.map((_, index) => `repeat(md5((n * ${index + 1})::text), 7)`).join(', ')} from generate_series(1, 300) n`,
    );
    const rounds = async (count: number) => {
      for (let round = 0; round < count; round += 1) {
        await pool.query('update wide set t0 = t0');
        expect(await vacuum.run()).toContain('public.wide');
      }
      const { rows } = await pool.query<{ bytes: number }>(
        `select pg_total_relation_size('pg_statistic') as bytes`,
      );
      return rows[0]!.bytes;
    };
    const settled = await rounds(10);
    expect(await rounds(20)).toBeLessThan(settled * 1.2);
    await pool.query('drop table wide');
  });

  it('is vacuumed once a minute while the application runs, and no longer', async () => {
    const vacuum = new AutoVacuum(app.nest.get(Database), app.nest.get(LOGGER));
    const run = jest.spyOn(vacuum, 'run').mockResolvedValue([]); // what it does is shown above
    jest.useFakeTimers();
    try {
      vacuum.onApplicationBootstrap();
      jest.advanceTimersByTime(120_000);
      expect(run).toHaveBeenCalledTimes(2);
      void vacuum.onApplicationShutdown();
      jest.advanceTimersByTime(120_000);
      expect(run).toHaveBeenCalledTimes(2);
    } finally {
      jest.useRealTimers();
    }
  });
});

embedded('the thread of the embedded database', () => {
  it('is told of when it dies unasked, and the stop after that ends and releases the directory', async () => {
    const place = await createTestDatabase();
    const threads: Worker[] = [];
    const note = (message: unknown) => void threads.push((message as { worker: Worker }).worker); // as Node documents the channel
    subscribe('worker_threads', note);
    try {
      const database = await startEmbeddedDatabase(place.dataDir);
      expect(threads).toHaveLength(1);
      await threads[0]!.terminate();
      expect(await database.died).toMatchObject({ message: 'The embedded database ended with code 1.' });
      await database.stop();
      const next = await startEmbeddedDatabase(place.dataDir);
      const died = jest.fn();
      void next.died.then(died);
      await next.stop();
      expect(died).not.toHaveBeenCalled(); // it was asked
    } finally {
      unsubscribe('worker_threads', note);
      await place.drop();
    }
  }, 60_000);
});

embedded('server processes on an embedded database', () => {
  const processes = new ServerProcesses();

  afterAll(() => processes.close());

  it('say so and end when its thread dies: without it nothing can be answered', async () => {
    const place = await createTestDatabase();
    const killThread = `process.once('worker',(thread)=>process.once('SIGUSR2',()=>thread.terminate()))`;
    const server = await processes.start(place, {
      NODE_OPTIONS: `--import=data:text/javascript,${killThread}`,
    });
    server.kill('SIGUSR2');
    expect(await server.exited).toEqual({ code: 1, signal: null });
    expect(server.output).toMatch(/"level":"fatal".*The embedded database ended with code 1/);
    const database = await Database.openAsItIs(createTestEnv(place), 'read');
    await database.close();
    await place.drop();
  }, 60_000);

  it('make their own at their first start, where the one to copy cannot be read to its end', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ai-studio-unreadable-'));
    const room = 'dist/src/platform/embedded-database';
    for (const part of [room, 'dist/src/platform/files'])
      cpSync(join(processes.folder, part), join(folder, part), { recursive: true });
    symlinkSync(join(processes.folder, 'node_modules'), join(folder, 'node_modules'), 'junction');
    // A directory whose path is longer than any may be: it is listed, and nobody can open it, not even root.
    const [half, upper] = [Array(12).fill('x'.repeat(200)).join('/'), join(folder, 'dist/empty-database')];
    mkdirSync(join(upper, half), { recursive: true });
    mkdirSync(join(folder, 'lower', half), { recursive: true });
    renameSync(join(folder, 'lower'), join(upper, half, 'lower'));
    const open = `require('./${room}').startEmbeddedDatabase('data').then((database) => database.stop())`;
    await promisify(execFile)(process.execPath, ['--liftoff-only', '--eval', open], { cwd: folder });
    expect(existsSync(join(folder, 'data/database/PG_VERSION'))).toBe(true);
    renameSync(join(upper, half, 'lower'), join(folder, 'lower'));
    rmSync(folder, { recursive: true });
  }, 60_000);

  it('copy, at their first start, what the build has made: what migrations make, and for its owner alone', async () => {
    const place = { dataDir: mkdtempSync(join(tmpdir(), 'ai-studio-first-')), databaseUrl: undefined };
    const migrated = {
      dataDir: mkdtempSync(join(tmpdir(), 'ai-studio-migrated-')),
      databaseUrl: undefined,
    };
    const describeOf = async (where: typeof place) => {
      const database = await Database.openAsItIs(createTestEnv(where), 'read');
      try {
        const { dataSource } = database;
        return {
          schema: await describeSchema(dataSource),
          migrations: await dataSource.query('select name from schema_migration order by id'),
          providers: await dataSource.query('select id, kind from ai_provider order by 1'),
        };
      } finally {
        await database.close();
      }
    };
    try {
      const server = await processes.start(place);
      server.kill('SIGTERM');
      await server.exited;
      expect(statSync(join(place.dataDir, 'database')).mode & 0o777).toBe(0o700);
      await (await Database.open(createTestEnv(migrated))).close();
      expect(await describeOf(place)).toEqual(await describeOf(migrated));
      expect(existsSync(join(processes.folder, 'dist/empty-database/PG_VERSION'))).toBe(true);
    } finally {
      for (const { dataDir } of [migrated, place]) rmSync(dataDir, { recursive: true, force: true });
    }
  }, 90_000);
});
