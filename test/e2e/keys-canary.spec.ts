import { randomBytes } from 'node:crypto';
import { Database } from '../../src/platform/database';
import { startTestApp, type TestApp } from '../support/app';
import { createTestDatabase, type TestDatabase } from '../support/databases';
import {
  forgetOpenedKeys,
  encryptionOf,
  newKek,
  place,
  sealForTeams,
  type SealedThing,
} from '../support/keys';
import { dumpDatabase } from '../support/providers';

const onServer = process.env.DATABASE_URL ? it : it.skip;
const production = { NODE_ENV: 'production', AUTH_SECRET: randomBytes(48).toString('base64url') };

jest.setTimeout(120_000);

describe('the canary of the key-encryption key', () => {
  const right = newKek('right');
  let database: TestDatabase;
  let sealed: SealedThing;

  const withApp = async <T>(variables: Record<string, string>, work: (app: TestApp) => Promise<T>) => {
    const app = await startTestApp(variables, database);
    try {
      return await work(app);
    } finally {
      await app.close();
    }
  };
  const keyRows = async (app: TestApp) =>
    (await dumpDatabase(app))
      .split('\n')
      .filter((row) => /^(team_key|kek_canary) /.test(row))
      .toSorted();
  const refusalOf = async (variables: Record<string, string>): Promise<string> => {
    const started = startTestApp({ ...production, ...variables }, database);
    const error = await started.then(
      async (app) => {
        await app.close();
        return new Error('it started');
      },
      (refusal: unknown) => refusal,
    );
    return error instanceof Error ? error.message : String(error);
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    await withApp({ AI_STUDIO_KEK: right }, async (app) => {
      [sealed] = (await sealForTeams(app, 1)) as [SealedThing];
    });
  });

  afterAll(() => database.drop());

  it.each([
    [
      'has the same id and other bytes',
      () => newKek('right'),
      /This is another key than the one of that name/,
    ],
    [
      'has another id',
      () => newKek('another'),
      /data keys of teams under the key right, which is not configured: 1/,
    ],
    [
      'has both, and other bytes',
      () => `${newKek('another')},${newKek('right')}`,
      /right \(version 1\) does not open/,
    ],
  ])('keeps production from starting where the ring %s, and nothing changes', async (_, ring, says) => {
    const before = await withApp({ AI_STUDIO_KEK: right }, keyRows);
    const kek = ring();
    const refusal = await refusalOf({ AI_STUDIO_KEK: kek });
    expect(refusal).toMatch(says);
    expect(refusal).toContain('AI_STUDIO_KEK');
    for (const entry of kek.split(',')) expect(refusal).not.toContain(entry.split(':')[1]);
    expect(await withApp({ AI_STUDIO_KEK: right }, keyRows)).toEqual(before);
  });

  it('lets it start elsewhere, says so loudly, and loses nothing', async () => {
    await withApp({ AI_STUDIO_KEK: newKek('right') }, async (app) => {
      const loud = app.logs.filter((line) => line.includes('STORED KEYS CANNOT BE OPENED'));
      expect(loud).toHaveLength(1);
      expect(loud[0]).toContain('"level":"error"');
      expect(loud[0]).toContain('AI_STUDIO_KEK');
    });
    await withApp({ AI_STUDIO_KEK: right }, async (app) => {
      expect(app.logs.join('\n')).not.toContain('STORED KEYS');
      expect(await encryptionOf(app).open(sealed.teamId, place, sealed.blob)).toBe(sealed.text);
    });
  });

  it('makes no canary under a wrong key where the data keys are older than canaries', async () => {
    await withApp({ AI_STUDIO_KEK: right }, (app) =>
      app.nest.get(Database).pool.query('delete from kek_canary'),
    );
    expect(await refusalOf({ AI_STUDIO_KEK: newKek('right') })).toMatch(/does not open this data key/);
    await withApp({ AI_STUDIO_KEK: right }, async (app) => {
      const { rows } = await app.nest.get(Database).pool.query('select kek_id from kek_canary');
      expect(rows).toEqual([{ kek_id: 'right' }]);
    });
  });

  it('says so, and starts, where it opens but data keys under its name do not, and not for one of several', async () => {
    const own = await createTestDatabase();
    const kek = newKek('own');
    const startsWith = async (says: boolean) => {
      const app = await startTestApp({ ...production, AI_STUDIO_KEK: kek }, own);
      expect(app.logs.join('\n').includes('DATA KEYS OF TEAMS CANNOT BE OPENED')).toBe(says);
      expect(app.logs.join('\n')).not.toContain('STORED KEYS');
      await app.close();
    };
    const app = await startTestApp({ AI_STUDIO_KEK: kek }, own);
    const [first, second] = await sealForTeams(app, 2);
    const damage = (teamId?: string) =>
      `update team_key set wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) where team_id = '${teamId}'`;
    await app.nest.get(Database).pool.query(damage(first?.teamId));
    await app.close();
    await startsWith(false);
    const again = await startTestApp({ AI_STUDIO_KEK: kek }, own);
    await again.nest.get(Database).pool.query(damage(second?.teamId));
    await again.close();
    await startsWith(true);
    await own.drop();
  });

  it('keeps production from starting where the key service does not answer, and names its variable', async () => {
    const refusal = await refusalOf({
      AI_STUDIO_KEK: right,
      AI_STUDIO_KEK_PROVIDER: 'vault',
      VAULT_TRANSIT_KEYS: 'one',
      VAULT_ADDR: 'http://127.0.0.1:1',
      VAULT_TOKEN: 'canary-token',
    });
    expect(refusal).toMatch(/VAULT_TRANSIT_KEYS: .*transit\/keys\/one.*no connection, 4 times/);
    expect(refusal).not.toContain('canary-token');
  });

  it('lets production start with the right key, alone or behind a new one', async () => {
    for (const kek of [right, `${newKek('newer')},${right}`]) {
      await withApp({ ...production, AI_STUDIO_KEK: kek }, async (app) => {
        forgetOpenedKeys(app);
        expect(await encryptionOf(app).open(sealed.teamId, place, sealed.blob)).toBe(sealed.text);
      });
    }
  });

  onServer('is made once where two replicas start at the same moment', async () => {
    const own = await createTestDatabase();
    const kek = newKek('shared');
    const apps = await Promise.all([1, 2, 3].map(() => startTestApp({ AI_STUDIO_KEK: kek }, own)));
    const { rows } = (await apps[0]?.nest.get(Database).pool.query('select kek_id from kek_canary')) ?? {};
    expect(rows).toEqual([{ kek_id: 'shared' }]);
    for (const app of apps) expect(app.logs.join('\n')).not.toContain('STORED KEYS');
    await Promise.all(apps.map((app) => app.close()));
    await own.drop();
  });
});
