import { randomInt } from 'node:crypto';
import { Client as PgClient } from 'pg';
import { KeyRotation } from '../../src/ai-studio/encryption/key-rotation';
import { Database, LiveServers } from '../../src/platform/database';
import { startTestApp, type TestApp } from '../support/app';
import { createTestDatabase, type TestDatabase } from '../support/databases';
import {
  addDataKeys,
  countByKek,
  encryptionOf,
  forgetOpenedKeys,
  newKek,
  openTerminal,
  place,
  rotateKeys,
  sealForTeams,
} from '../support/keys';
import { eventually } from '../support/streams';

/* The embedded database has one process: there is nobody to ask. */
const onServer = process.env.DATABASE_URL ? describe : describe.skip;

jest.setTimeout(180_000);

onServer('servers on one database, and the keys that each has', () => {
  const [old, fresh] = [newKek('old'), newKek('new')];
  const [onlyOld, oldFirst, newFirst] = [old, `${old},${fresh}`, `${fresh},${old}`];
  let database: TestDatabase;
  const open: { close(): Promise<unknown> }[] = [];

  const keep = <T extends { close(): Promise<unknown> }>(thing: T): T => {
    open.push(thing);
    return thing;
  };
  const close = async (thing: { close(): Promise<unknown> }) => {
    open.splice(open.indexOf(thing), 1);
    await thing.close();
  };
  const start = async (kek: string, variables: Record<string, string> = {}) =>
    keep(await startTestApp({ LOG_LEVEL: 'warn', ...variables, AI_STUDIO_KEK: kek }, database));
  const openShell = async (kek: string, secondLookMs = 20) => {
    const shell = keep(await openTerminal(database, { AI_STUDIO_KEK: kek }));
    shell.nest.get(LiveServers, { strict: false }).secondLookMs = secondLookMs;
    return shell;
  };
  /** What looks like a server that says nothing of its keys once it lives: one of an older version, or one that is starting. */
  const openSilent = async () => {
    const client = new PgClient({ connectionString: database.databaseUrl });
    await client.connect();
    const live = () => client.query('select pg_advisory_lock($1)', [randomInt(2 ** 40, 2 ** 48 - 1)]);
    return keep({ live, close: () => client.end() });
  };
  const startSilent = async () => {
    const silent = await openSilent();
    await silent.live();
    return silent;
  };
  /** Takes a server's long-lived connection away; it comes back within two seconds. */
  const cutOff = (app: TestApp) =>
    app.nest.get(Database).pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'ai-studio session'`,
    );

  beforeEach(async () => {
    database = await createTestDatabase();
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((thing) => thing.close()));
    await database.drop();
  });

  it('keep a rotation from starting while one of them does not know the key that is to wrap', async () => {
    const behind = await start(onlyOld);
    const things = await sealForTeams(behind, 3);
    await start(newFirst);
    const shell = await openShell(newFirst);
    expect(await rotateKeys(shell, '--status')).toEqual({
      code: 2,
      text: expect.stringMatching(
        /Left .*: 3\nServers: 2\. Not known to open what new wraps: 1\. Not known to seal under new: 1\. .*restart/,
      ),
    });
    await expect(rotateKeys(shell)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/^Servers that are not known to open what the key new wraps: 1 of 2/),
    });
    expect(await countByKek(shell)).toEqual({ old: 3 });
    forgetOpenedKeys(behind);
    for (const { teamId, text, blob } of things)
      expect(await encryptionOf(behind).open(teamId, place, blob)).toBe(text);

    await close(behind);
    await start(newFirst);
    expect(await rotateKeys(shell)).toMatchObject({ code: 0, text: expect.stringContaining('Servers: 2.') });
    expect(await rotateKeys(shell, '--status')).toMatchObject({ code: 0 });
  });

  it('count as not knowing it where they have another key of that name', async () => {
    const first = await start(onlyOld);
    await sealForTeams(first, 1);
    await close(first);
    await start(newFirst);
    const wrong = await start(`${newKek('new')},${old}`);
    expect(wrong.logs.join('\n')).toContain('STORED KEYS');
    await expect(rotateKeys(await openShell(newFirst))).rejects.toThrow(
      /not known to open what the key new wraps: 1 of 2/,
    );
  });

  it('count as not knowing it where nobody could compare it yet', async () => {
    const unproven = await start(`${old},${newKek('new')}`);
    await sealForTeams(unproven, 1);
    await start(newFirst);
    await expect(rotateKeys(await openShell(newFirst))).rejects.toThrow(
      /not known to open what the key new wraps: 1 of 2/,
    );
    expect(await countByKek(unproven)).toEqual({ old: 1 });
  });

  it('keep the old key from being retired while one of them still seals under it', async () => {
    await start(newFirst);
    const behind = await start(oldFirst);
    await sealForTeams(behind, 3);
    const shell = await openShell(newFirst);
    const rotation = await rotateKeys(shell);
    expect(rotation).toMatchObject({ code: 2, text: expect.stringMatching(/Do not retire/) });
    expect(await countByKek(shell)).toEqual({ new: 3 });
    expect(await rotateKeys(shell, '--status')).toMatchObject({
      code: 2,
      text: expect.stringMatching(/Left .*: 0\nServers: 2\. Not known to seal under new: 1\./),
    });
    await sealForTeams(behind, 2);
    await close(behind);
    expect(await rotateKeys(shell, '--status')).toMatchObject({ code: 2 });
    expect(await rotateKeys(shell)).toMatchObject({ code: 0 });
    expect(await countByKek(shell)).toEqual({ new: 5 });
  });

  it('count as not knowing it where they are of a version that does not say so, unless the operator knows better', async () => {
    const server = await start(newFirst);
    await close(server);
    await sealForTeams(await start(onlyOld), 1);
    await Promise.all(open.splice(0).map((thing) => thing.close()));
    await startSilent();
    const shell = await openShell(newFirst);
    await expect(rotateKeys(shell)).rejects.toThrow(/: 1 of 1\..*older version/);
    expect(await countByKek(shell)).toEqual({ old: 1 });
    const { code, text } = await rotateKeys(shell, '--anyway');
    expect({ code, text }).toEqual({ code: 0, text: expect.stringContaining('ANYWAY') });
    expect(await countByKek(shell)).toEqual({ new: 1 });
    expect(await rotateKeys(shell, '--status')).toMatchObject({ code: 2 });
    expect(await rotateKeys(shell, '--status', '--anyway')).toMatchObject({ code: 0 });
  });

  it('stop a rotation where one comes that does not know the key', async () => {
    const app = await start(newFirst);
    const behind = await start(onlyOld);
    const [thing] = await sealForTeams(behind, 1);
    await addDataKeys(behind, thing!.teamId, 450);
    await close(behind);
    const shell = await openShell(newFirst);
    const rotation = shell.nest.get(KeyRotation, { strict: false });
    const silent = await openSilent();
    let coming: Promise<unknown> | undefined;
    const outcome = rotation.rewrapAll({ report: () => (coming ??= silent.live()) });
    await expect(outcome).rejects.toMatchObject({ code: 'CONFLICT' });
    await coming;
    expect((await countByKek(app)).old).toBeGreaterThan(0);
  });

  it('are asked before the data keys under a key are abandoned, and refuse while one has it', async () => {
    const server = await start(newFirst);
    await sealForTeams(await start(onlyOld), 2);
    await close(open.at(-1)!);
    const shell = await openShell(fresh);
    const abandon = () => rotateKeys(shell, '--abandon', 'old', '--yes', '2');
    await expect(abandon()).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/^Servers that have the key old.*: 1 of 1/),
    });
    await close(server);
    const silent = await startSilent();
    await expect(abandon()).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await countByKek(shell)).toEqual({ old: 2 });
    await close(silent);
    // It says that it has another one: nobody has to stop it.
    await start(fresh, { NODE_ENV: 'test' });
    expect(await abandon()).toMatchObject({ code: 0 });
    expect(await countByKek(shell)).toEqual({});
  });

  it('are seen, and say the same again, where their connection is away for a moment', async () => {
    const behind = await start(newFirst);
    await close(behind);
    const app = await start(oldFirst);
    const shell = await openShell(newFirst, 3_000);
    for (let times = 0; times < 2; times++) {
      await cutOff(app);
      expect(await rotateKeys(shell, '--status')).toMatchObject({
        code: 2,
        text: expect.stringContaining('Servers: 1. Not known to seal under new: 1.'),
      });
    }
    await eventually(async () => app.nest.get(Database).session.isHeld);
  });
});
