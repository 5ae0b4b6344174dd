import { randomBytes } from 'node:crypto';
import { Database } from '../../src/platform/database';
import { LOGGER, type Logger } from '../../src/platform/logging';
import { startTestApp, type TestApp } from '../support/app';
import { Client } from '../support/client';
import { createTestDatabase, type TestDatabase } from '../support/databases';
import { expectStatus } from '../support/providers';
import { listFaults } from '../support/refusals';
import { ServerProcesses } from '../support/process';
import { attempts, describeLong, mode, publish } from './proof';
import { Canaries, encodingNames, spellingsOf, type Places } from './sweep/canaries';
import { SecretDrive } from './sweep/drive';
import { readDatabase, readFiles } from './sweep/places';

jest.setTimeout(attempts({ short: 300_000, long: 1_800_000 }));

/** Where a password's hash and a session's stored half belong, and nowhere else. */
const storage = ['database', 'data directory'];

describe('planted secrets', () => {
  const canaries = new Canaries();
  const control = new Canaries();
  const logs: string[] = [];
  const metrics: string[] = [];
  const stored: Buffer[] = [];
  const apps: TestApp[] = [];
  let database: TestDatabase;
  let drive: SecretDrive;
  let places: Places;

  beforeAll(async () => {
    database = await createTestDatabase();
    const variables = configure(canaries);
    await withApp(variables, async (app) => {
      drive = new SecretDrive(app.url, canaries);
      await drive.run();
      await plantControl(app, control, drive);
      metrics.push((await new Client(app.url, variables.METRICS_TOKEN).get('/metrics')).text);
      await refuseWrites(app, async () => {
        await drive.useWhatFails(drive.owner);
        await drive.failToSignUp();
      });
      expect(listFaults(app).join('\n')).toContain('no_more');
    });
    await withApp({ ...variables, AI_STUDIO_KEK: newKek(canaries, 'another') }, async (app) => {
      await drive.useWhatFails(new Client(app.url, drive.owner.token, drive.owner.teamId));
      expect(drive.answers.join('')).toContain('TOKEN_UNREADABLE');
      stored.push(...(await readDatabase(app)));
      for (const [what, secret] of await readAccounts(app)) canaries.adopt(what, secret, storage);
    });
    places = {
      database: stored,
      'data directory': readFiles(database.dataDir),
      logs: logs.map((line) => Buffer.from(line)),
      'answers and streams': drive.answers.map((text) => Buffer.from(text)),
      metrics: metrics.map((text) => Buffer.from(text)),
      'title and arguments of the process': [process.title, ...process.argv].map((text) => Buffer.from(text)),
    };
  });

  afterAll(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await database.drop();
  });

  /** Stays open where something fails in between, and is closed at the end. */
  async function withApp(
    variables: Record<string, string>,
    work: (app: TestApp) => Promise<void>,
  ): Promise<void> {
    const app = await startTestApp(variables, database);
    apps.push(app);
    await work(app);
    logs.push(...app.logs);
    apps.pop();
    await app.close();
  }

  it('are nowhere', () => {
    const hits = canaries.search(places);
    const of = canaries.count * encodingNames.length * Object.keys(places).length;
    if (hits.length > 0) process.stdout.write(`${JSON.stringify(hits, null, 1)}\n`);
    publish({ name: 'secrets found (keys × encodings × places)', found: hits.length, of, aim: 0 });
    expect(canaries.planted.size).toBeGreaterThanOrEqual(50);
  });

  it('were given back by providers, so that there was something to leak', () => {
    expect(drive.echoed).toBeGreaterThan(100);
    expect(drive.answers.join('')).toContain('PROVIDER_FAILED');
  });

  it('would be found: one that was let into each kind of place is', () => {
    const found = new Set(control.search(places).map(({ place }) => place));
    // A database server keeps its files to itself.
    const onDisk = mode === 'embedded' ? ['data directory'] : [];
    expect([...found]).toEqual(['database', ...onDisk, 'logs', 'answers and streams']);
  });

  it.each(encodingNames)('would be found in each place, in the middle of anything: %s', (encoding) => {
    const planted = control.plant(`control, ${encoding}`);
    const length = Object.keys(places).length;
    for (const spelling of spellingsOf(planted, encoding)) {
      const hidden = Object.entries(places).map(([place, [first = Buffer.of()]]): [string, Buffer[]] => [
        place,
        [Buffer.concat([first.subarray(0, 1000), spelling, first.subarray(0, 1000)])],
      ]);
      const hits = control.search(Object.fromEntries(hidden)).filter((hit) => hit.encoding === encoding);
      expect(hits.filter(({ secret }) => secret === `control, ${encoding}`)).toHaveLength(length);
    }
  });
});

describeLong('planted secrets of a server process', () => {
  let processes: ServerProcesses;
  let database: TestDatabase;

  beforeAll(async () => {
    processes = new ServerProcesses();
    database = await createTestDatabase();
  });

  afterAll(async () => {
    await processes.close();
    await database.drop();
  });

  it('are in nothing that it writes: neither output, nor the files that it leaves', async () => {
    const canaries = new Canaries();
    const variables = configure(canaries);
    const server = await processes.start(database, variables);
    const drive = new SecretDrive(server.url, canaries);
    await drive.run();
    server.kill('SIGTERM');
    expect((await server.exited).code).toBe(0);
    const refused = processes.spawn(database, {
      ...variables,
      NODE_ENV: 'production',
      SANDBOX_PROVIDER: variables.AUTH_SECRET,
    });
    expect((await refused.exited).code).toBe(1);
    const places = {
      output: [server.output, refused.output].map((text) => Buffer.from(text)),
      'data directory': readFiles(database.dataDir),
      'answers and streams': drive.answers.map((text) => Buffer.from(text)),
    };
    const of = canaries.count * encodingNames.length * Object.keys(places).length;
    const hits = canaries.search(places);
    if (hits.length > 0) process.stdout.write(`${JSON.stringify(hits, null, 1)}\n`);
    publish({ name: 'secrets found that a server process let go', found: hits.length, of, aim: 0 });
    expect(server.output).toContain('"level":"debug"');
  });
});

/** Every secret of the server's own environment, planted; and the most talkative log. */
function configure(canaries: Canaries) {
  return {
    LOG_LEVEL: 'trace',
    AUTH_SECRET: canaries.plant('AUTH_SECRET', 'secret-'),
    AUDIT_KEY: canaries.plant('AUDIT_KEY', 'secret-'),
    METRICS_TOKEN: canaries.plant('METRICS_TOKEN', 'secret-'),
    AI_STUDIO_KEK: newKek(canaries, 'first'),
  };
}

function newKek(canaries: Canaries, id: string): string {
  const key = randomBytes(32);
  canaries.adopt(`key-encryption key ${id}`, key);
  canaries.adopt(`key-encryption key ${id}, as it is configured`, key.toString('base64'));
  return `${id}:${key.toString('base64')}`;
}

/** What is let in on purpose, and has to be found: as a name, which is stored and answered, and in the log. */
async function plantControl(app: TestApp, control: Canaries, { owner }: SecretDrive): Promise<void> {
  const name = control.plant('control');
  expectStatus(await owner.post('/api/v1/agents', { name, instructions: 'Answer.' }), 201);
  app.nest.get<Logger>(LOGGER).info({ name }, 'control');
}

/** Lets the database refuse every new key and password meanwhile, in words that quote the row. */
async function refuseWrites(app: TestApp, work: () => Promise<void>): Promise<void> {
  const { pool } = app.nest.get(Database);
  const tables = ['ai_team_token', 'auth_account'];
  for (const table of tables)
    await pool.query(`alter table ${table} add constraint no_more check (false) not valid`);
  await work();
  for (const table of tables) await pool.query(`alter table ${table} drop constraint no_more`);
}

/** What the database itself keeps of accounts: hashes of passwords, and sessions without their signatures. */
async function readAccounts(app: TestApp): Promise<[what: string, secret: string][]> {
  const { rows } = await app.nest.get(Database).pool.query<{ what: string; secret: string }>(
    `select 'hash of a password of ' || user_id as what, password as secret from auth_account
       union all select 'session ' || id, token from auth_session`,
  );
  return rows.map(({ what, secret }) => [what, secret]);
}
