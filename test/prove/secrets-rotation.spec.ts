import { KekCanaries } from '../../src/ai-studio/encryption/kek-canaries';
import { KekCanaryRepository } from '../../src/ai-studio/encryption/kek-canary.repository';
import { KeyRotation } from '../../src/ai-studio/encryption/key-rotation';
import { KeyUseRepository } from '../../src/ai-studio/encryption/key-use.repository';
import { LocalKeyRing, parseKeyRing } from '../../src/ai-studio/encryption/local-key-ring';
import { ServerKeyRepository } from '../../src/ai-studio/encryption/server-key.repository';
import { ServerKeys } from '../../src/ai-studio/encryption/server-keys';
import { TeamKeyRepository } from '../../src/ai-studio/encryption/team-key.repository';
import { AuditLog } from '../../src/platform/audit';
import { LiveServers } from '../../src/platform/database';
import { startTestApp, type TestApp } from '../support/app';
import { createTestDatabase, type TestDatabase } from '../support/databases';
import { newKek, readAllTheTime, sealForTeams, type SealedThing } from '../support/keys';
import { attempts, publish } from './proof';

jest.setTimeout(1_800_000);

/*
 * Data keys go from one key-encryption key to another and back, again and again, while their secrets are read; on a
 * server by two replicas. Every fifth read begins with no opened key.
 */
describe('rotation of keys under load', () => {
  const [one, two] = [newKek('one'), newKek('two')];
  let database: TestDatabase;
  let replicas: TestApp[];
  let things: SealedThing[];

  beforeAll(async () => {
    database = await createTestDatabase();
    const start = (kek: string) => startTestApp({ LOG_LEVEL: 'warn', AI_STUDIO_KEK: kek }, database);
    replicas = [await start(`${one},${two}`)];
    if (database.databaseUrl) replicas.push(await start(`${two},${one}`));
    replicas[0]!.nest.get(LiveServers).secondLookMs = 20;
    things = await sealForTeams(replicas[0]!, attempts({ short: 30, long: 200 }));
  });

  afterAll(async () => {
    await Promise.all(replicas.map((app) => app.close()));
    await database.drop();
  });

  it('fails no read, and leaves no data key under the old key', async () => {
    const toTwo = rotationTo(`${two},${one}`);
    const toOne = rotationTo(`${one},${two}`);
    const wanted = attempts({ short: 300, long: 20_000 });
    const reading = readAllTheTime(replicas, things);
    const moved = { of: 0, left: 0 };
    while (moved.of === 0 || reading.outcome.read + reading.outcome.failed.length < wanted)
      for (const rotation of [toTwo, toOne]) {
        const { done, left } = await rotation.rewrapAll();
        moved.of += done;
        moved.left += left;
      }
    const { read, failed } = await reading.stop();
    publish({
      name: 'Reads that failed during rotations under load',
      found: failed.length,
      of: read + failed.length,
      aim: 0,
    });
    publish({ name: 'Data keys left under the old key', found: moved.left, of: moved.of, aim: 0 });
    expect(moved.of % things.length).toBe(0);
  });

  /** The product's own rotation, as a command of the terminal whose key ring names this key first. */
  function rotationTo(ring: string): KeyRotation {
    const get = <T>(token: new (...args: never[]) => T): T => replicas[0]!.nest.get(token, { strict: false });
    const kek = new LocalKeyRing(parseKeyRing(ring));
    const [use, teamKeys] = [get(KeyUseRepository), get(TeamKeyRepository)];
    const canaries = new KekCanaries(kek, get(KekCanaryRepository), use, teamKeys, get(ServerKeyRepository));
    return new KeyRotation(kek, use, teamKeys, canaries, get(ServerKeys), get(AuditLog));
  }
});
