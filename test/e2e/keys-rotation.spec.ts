import { KeyRotation } from '../../src/ai-studio/encryption/key-rotation';
import { instanceChain } from '../../src/platform/audit';
import { Database, LiveServers } from '../../src/platform/database';
import { startTestApp, type TestApp } from '../support/app';
import { createTestDatabase, type TestDatabase } from '../support/databases';
import { FakeKeys, fakeVault } from '../support/key-services';
import {
  addDataKeys,
  countByKek,
  encryptionOf,
  forgetOpenedKeys,
  newKek,
  openTerminal,
  place,
  readAllTheTime,
  rotateKeys as rotate,
  sealForTeams,
} from '../support/keys';

jest.setTimeout(180_000);

describe('rotation of keys', () => {
  let database: TestDatabase;
  const apps: TestApp[] = [];

  const start = async (variables: Record<string, string>) => {
    const app = await startTestApp({ LOG_LEVEL: 'warn', ...variables }, database);
    app.nest.get(LiveServers).secondLookMs = 20;
    apps.push(app);
    return app;
  };
  const stop = () => Promise.all(apps.splice(0).map((app) => app.close()));

  beforeEach(async () => {
    database = await createTestDatabase();
  });

  afterEach(async () => {
    await stop();
    await database.drop();
  });

  it('changes nothing when it is only asked, and refuses what it does not know', async () => {
    const old = newKek('old');
    await sealForTeams(await start({ AI_STUDIO_KEK: old }), 3);
    await stop();
    const app = await start({ AI_STUDIO_KEK: `${newKek('new')},${old}` });
    for (const option of ['--dry-run', '--status']) {
      const { code, text } = await rotate(app, option);
      expect(code).toBe(2);
      expect(text).toMatch(/Seals now: new version 1[^]*3 {2}old version 1\n[^]*Left .*: 3\n/);
    }
    expect(await rotate(app, '--help')).toEqual({ code: 0, text: expect.stringContaining('keys:rotate') });
    await expect(rotate(app, '--canary')).rejects.toThrow(/--canary[^]*keys:rotate/);
    expect(await countByKek(app)).toEqual({ old: 3 });
  });

  it('leaves a data key that does not open as it is, names the reason, and does the others', async () => {
    const old = newKek('old');
    const first = await start({ AI_STUDIO_KEK: old });
    const things = await sealForTeams(first, 4);
    await first.nest
      .get(Database)
      .pool.query(
        'update team_key set wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) where team_id = $1',
        [things[0]?.teamId],
      );
    await stop();
    const app = await start({ AI_STUDIO_KEK: `${newKek('new')},${old}` });
    const { code, text } = await rotate(app);
    expect(code).toBe(1);
    expect(text).toMatch(
      /old \(version 1\) does not open this data key[^]*Left under another key: 1. Do not retire/,
    );
    expect(await countByKek(app)).toEqual({ new: 3, old: 1 });
  });

  it('starts nothing where the key that is to seal does not work', async () => {
    const old = newKek('old');
    await sealForTeams(await start({ AI_STUDIO_KEK: old }), 2);
    await stop();
    const app = await start({
      AI_STUDIO_KEK: old,
      AI_STUDIO_KEK_PROVIDER: 'vault',
      VAULT_TRANSIT_KEYS: 'one',
      VAULT_ADDR: 'http://127.0.0.1:1',
      VAULT_TOKEN: 'canary',
    });
    await expect(rotate(app)).rejects.toThrow(/transit\/keys\/one/);
    expect(await countByKek(app)).toEqual({ old: 2 });
  });

  it.each([[[]], [['--data-keys']]])(
    'changes nothing under another key of the name that a server started with: %j',
    async (args) => {
      const old = newKek('old');
      const things = await sealForTeams(await start({ AI_STUDIO_KEK: old }), 3);
      await stop();
      const right = { NODE_ENV: 'test', AI_STUDIO_KEK: `${newKek('new')},${old}` };
      await start(right);
      await stop();
      const wrong = await start({ AI_STUDIO_KEK: `${newKek('new')},${old}` });
      await wrong.nest.get(Database).pool.query(`update team_key set created_at = now() - interval '2 days'`);
      await expect(rotate(wrong, ...args)).rejects.toMatchObject({
        code: 'CONFLICT',
        message: expect.stringMatching(/AI_STUDIO_KEK: .*This is another key than the one of that name/),
      });
      expect(await countByKek(wrong)).toEqual({ old: 3 });
      await stop();
      const app = await start(right);
      expect(await rotate(app)).toMatchObject({ code: 0 });
      for (const { teamId, text, blob } of things)
        expect(await encryptionOf(app).open(teamId, place, blob)).toBe(text);
    },
  );

  it('takes a key that no server has started with only where none can run meanwhile, and remembers it', async () => {
    const [old, fresh] = [newKek('old'), newKek('new')];
    await sealForTeams(await start({ AI_STUDIO_KEK: old }), 2);
    await stop();
    const terminal = await openTerminal(database, { AI_STUDIO_KEK: `${fresh},${old}` });
    terminal.nest.get(LiveServers, { strict: false }).secondLookMs = 20;
    try {
      if (database.databaseUrl) {
        await expect(rotate(terminal)).rejects.toMatchObject({
          code: 'CONFLICT',
          message: expect.stringContaining('No server has started with the key new yet'),
        });
        expect(await countByKek(terminal)).toEqual({ old: 2 });
        await start({ AI_STUDIO_KEK: `${fresh},${old}` });
      }
      expect(await rotate(terminal)).toMatchObject({ code: 0 });
      expect(await countByKek(terminal)).toEqual({ new: 2 });
    } finally {
      await terminal.close();
    }
    await stop();
    const wrong = await start({ AI_STUDIO_KEK: newKek('new') });
    expect(wrong.logs.join('\n')).toContain('STORED KEYS CANNOT BE OPENED');
    await stop();
    const right = await start({ AI_STUDIO_KEK: fresh });
    expect(right.logs.join('\n')).not.toContain('STORED KEYS');
  });

  it('leaves nothing under the old key while secrets are read, and none of the reads fails', async () => {
    const [old, fresh] = [newKek('old'), newKek('new')];
    const things = await sealForTeams(await start({ AI_STUDIO_KEK: old }), 120);
    await stop();
    const app = await start({ AI_STUDIO_KEK: `${fresh},${old}` });
    // On a server a second replica reads too, and new teams come meanwhile.
    const replicas = database.databaseUrl ? [app, await start({ AI_STUDIO_KEK: `${fresh},${old}` })] : [app];
    const reading = readAllTheTime(replicas, things);
    const [{ code, text }, late] = await Promise.all([rotate(app), sealForTeams(app, 5)]);
    const { read, failed } = await reading.stop();
    expect({ code, failed }).toEqual({ code: 0, failed: [] });
    expect(text).toMatch(/120 wrapped anew, nothing is left/);
    expect(read).toBeGreaterThan(20);
    expect(await countByKek(app)).toEqual({ new: 125 });
    expect((await rotate(app, '--status')).code).toBe(0);
    await stop();
    const alone = await start({ NODE_ENV: 'test', AI_STUDIO_KEK: fresh });
    for (const { teamId, text: secret, blob } of [...things, ...late])
      expect(await encryptionOf(alone).open(teamId, place, blob)).toBe(secret);
    expect(alone.logs.join('\n')).not.toContain('STORED KEYS');
  });

  it('goes on where it was interrupted, and two at once do no harm', async () => {
    const old = newKek('old');
    const first = await start({ AI_STUDIO_KEK: old });
    const [thing] = await sealForTeams(first, 1);
    if (!thing) throw new Error('nothing was sealed');
    await addDataKeys(first, thing.teamId, 450);
    await stop();
    const app = await start({ AI_STUDIO_KEK: `${newKek('new')},${old}` });
    const rotation = app.nest.get(KeyRotation, { strict: false });
    const report = () => {
      throw new Error('interrupted');
    };
    const interrupted = rotation.rewrapAll({ report });
    await expect(interrupted).rejects.toThrow('interrupted');
    expect(await countByKek(app)).toEqual({ new: 200, old: 251 });
    const [one, two] = await Promise.all([rotation.rewrapAll(), rotation.rewrapAll()]);
    expect([one.left, two.left, one.failed, two.failed]).toEqual([0, 0, 0, 0]);
    expect(await countByKek(app)).toEqual({ new: 451 });
    forgetOpenedKeys(app);
    expect(await encryptionOf(app).open(thing.teamId, place, thing.blob)).toBe(thing.text);
  });

  it('moves from the local ring to a key service, and on to the next version of its key', async () => {
    const keys = new FakeKeys();
    keys.make('one@1');
    keys.make('one@2');
    const versions = new Map([['one', 1]]);
    const vault = await fakeVault(keys, () => 'token', { versions }).start();
    const service = {
      AI_STUDIO_KEK_PROVIDER: 'vault',
      VAULT_TRANSIT_KEYS: 'one',
      VAULT_ADDR: vault.url,
      VAULT_TOKEN: 'token',
    };
    try {
      const local = newKek('local');
      const things = await sealForTeams(await start({ AI_STUDIO_KEK: local }), 6);
      await stop();
      const both = await start({ ...service, AI_STUDIO_KEK: local });
      expect(await rotate(both)).toMatchObject({ code: 0, text: expect.stringContaining('6 wrapped anew') });
      expect(await countByKek(both)).toEqual({ 'transit/keys/one': 6 });
      await stop();

      const alone = await start(service);
      versions.set('one', 2);
      expect((await rotate(alone, '--status')).text).toMatch(
        /Seals now: transit\/keys\/one version 2[^]*Left .*: 6/,
      );
      expect(await rotate(alone)).toMatchObject({ code: 0 });
      keys.remove('one@1');
      forgetOpenedKeys(alone);
      for (const { teamId, text, blob } of things)
        expect(await encryptionOf(alone).open(teamId, place, blob)).toBe(text);
      await stop();
      const later = await start(service); // its canary was renewed with the rest
      expect(later.logs.join('\n')).not.toContain('STORED KEYS');

      vault.troubles = Array.from({ length: 8 }, () => ({ status: 503, body: {} }));
      forgetOpenedKeys(later);
      const [thing] = things;
      if (!thing) throw new Error('nothing was sealed');
      await expect(encryptionOf(later).open(thing.teamId, place, thing.blob)).rejects.toMatchObject({
        code: 'TOKEN_UNREADABLE',
        message: expect.stringMatching(/key service does not answer.*Try again in a moment/),
        details: { reason: 'unreachable' },
      });
      vault.troubles = [];
      expect(await encryptionOf(later).open(thing.teamId, place, thing.blob)).toBe(thing.text);
    } finally {
      await stop();
      await vault.close();
    }
  });

  it('opens by the row as it is now where the row that is known was wrapped by a key that is retired', async () => {
    const [old, fresh] = [newKek('old'), newKek('new')];
    const first = await start({ AI_STUDIO_KEK: old });
    const [thing] = await sealForTeams(first, 1);
    if (!thing) throw new Error('nothing was sealed');
    const { rows } = await first.nest
      .get(Database)
      .pool.query('select id, wrapped, kek_id as "kekId", kek_version as "kekVersion" from team_key');
    await stop();
    await rotate(await start({ AI_STUDIO_KEK: `${fresh},${old}` }));
    await stop();
    const app = await start({ AI_STUDIO_KEK: fresh });
    expect(await encryptionOf(app).open(thing.teamId, place, thing.blob, { known: rows })).toBe(thing.text);
  });

  it('abandons the data keys under a key that is lost, and none under one that is there', async () => {
    const lost = newKek('lost');
    const things = await sealForTeams(await start({ AI_STUDIO_KEK: lost }), 2);
    await stop();
    const app = await start({ AI_STUDIO_KEK: newKek('new') });
    const more = await sealForTeams(app, 1);
    await expect(rotate(app, '--abandon', 'new')).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(rotate(app, '--abandon', 'lost', '--dry-run')).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
    });
    for (const yes of [[], ['--yes', '1']])
      expect(await rotate(app, '--abandon', 'lost', ...yes)).toEqual({
        code: 2,
        text: expect.stringMatching(/^2 data keys are under lost\. Nothing was removed\./),
      });
    expect(await rotate(app, '--abandon', 'lost', '--yes', '2')).toEqual({
      code: 0,
      text: expect.stringMatching(/^Removed data keys: 2/),
    });
    const recorded = await app.nest
      .get(Database)
      .pool.query(
        `select team_id as chain, action, actor_id as actor from audit_event where action ~ 'abandon'`,
      );
    expect(recorded.rows.toSorted(byChain)).toEqual(
      [
        { chain: instanceChain, action: 'keks.abandon', actor: 'terminal' },
        ...things.map(({ teamId }) => ({ chain: teamId, action: 'dataKeys.abandon', actor: 'terminal' })),
      ].toSorted(byChain),
    );
    expect(await countByKek(app)).toEqual({ new: 1 });
    for (const { teamId, blob } of things) {
      await expect(encryptionOf(app).open(teamId, place, blob)).rejects.toMatchObject({
        code: 'TOKEN_UNREADABLE',
      });
      await encryptionOf(app).seal(teamId, place, 'stored again');
    }
    for (const { teamId, text, blob } of more)
      expect(await encryptionOf(app).open(teamId, place, blob)).toBe(text);
  });

  describe('as the roles of the database', () => {
    it('they may not read or change what wraps data keys, but where their work is', async () => {
      const app = await start({ AI_STUDIO_KEK: newKek('one') });
      await sealForTeams(app, 1);
      for (const [role, statement] of [
        ['ai_studio_maintenance', 'select wrapped from team_key'],
        ['ai_studio_maintenance', `update team_key set kek_id = 'x'`],
        ['ai_studio_maintenance', 'delete from team_key'],
        ['ai_studio_maintenance', 'select wrapped from kek_canary'],
        ['ai_studio_platform', 'select id from team_key'],
        ['ai_studio_platform', 'delete from kek_canary'],
        ['ai_studio_platform', `update kek_canary set wrapped = ''`],
        ['ai_studio_app', 'select wrapped from kek_canary'],
      ]) {
        const client = await app.nest.get(Database).pool.connect();
        await client.query(`begin; set local role ${role}`);
        const refusal: unknown = await client.query(statement!).catch((error: unknown) => error);
        await client.query('rollback');
        client.release();
        expect([role, statement, String(refusal)]).toEqual([
          role,
          statement,
          expect.stringContaining('permission denied'),
        ]);
      }
    });

    it('the application still sees the data keys of its team alone', async () => {
      const app = await start({ AI_STUDIO_KEK: newKek('one') });
      const [mine, other] = await sealForTeams(app, 2);
      const client = await app.nest.get(Database).pool.connect();
      await client.query(`begin; set local role ai_studio_app; set local app.team_id = '${mine?.teamId}'`);
      const { rows } = await client.query('select team_id from team_key');
      const { rowCount } = await client.query(`update team_key set kek_id = 'x' where team_id = $1`, [
        other?.teamId,
      ]);
      await client.query('rollback');
      client.release();
      expect({ rows, rowCount }).toEqual({ rows: [{ team_id: mine?.teamId }], rowCount: 0 });
    });
  });
});

function byChain(a: { chain: string }, b: { chain: string }): number {
  return a.chain.localeCompare(b.chain);
}
