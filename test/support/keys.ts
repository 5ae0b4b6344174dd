import { randomBytes } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { v7 as uuidv7 } from 'uuid';
import { toTeamId, type TeamId } from '@kdx/shared';
import { runKeysRotateCommand } from '../../src/ai-studio';
import { EncryptionService, KEK_PROVIDER } from '../../src/ai-studio/encryption/encryption.service';
import type { KekProvider } from '../../src/ai-studio/encryption/kek-provider';
import { KeyToolsModule } from '../../src/key-tools.module';
import { Database } from '../../src/platform/database';
import { createLogger } from '../../src/platform/logging';
import type { TestApp } from './app';
import type { TestDatabase } from './databases';
import { createTestEnv } from './env';

/** An entry of a local key ring with a key of its own. */
export const newKek = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`;

/** Reached past the module's door, which no room can. */
export const encryptionOf = ({ nest }: TestApp): EncryptionService =>
  nest.get(EncryptionService, { strict: false });
const kekOf = ({ nest }: TestApp): KekProvider => nest.get<KekProvider>(KEK_PROVIDER, { strict: false });

export const place = {
  table: 'test',
  column: 'sealed',
  rowId: 'row',
  providerKind: 'openai',
  origin: 'https://one.example',
};

/** A sealed secret of a team that has no members. */
export interface SealedThing {
  teamId: TeamId;
  text: string;
  blob: Buffer;
}

/** Makes teams with a data key and a secret each; the secrets are kept by the test, not by the database. */
export async function sealForTeams(app: TestApp, count: number): Promise<SealedThing[]> {
  const { pool } = app.nest.get(Database);
  const ids = Array.from({ length: count }, () => uuidv7());
  await pool.query('insert into team (id, name, slug) select id, $2, id::text from unnest($1::uuid[]) id', [
    ids,
    'sealed',
  ]);
  const things: SealedThing[] = [];
  for (const id of ids) {
    const text = `sk-${id}`;
    const teamId = toTeamId(id);
    things.push({ teamId, text, blob: await encryptionOf(app).seal(teamId, place, text) });
  }
  return things;
}

/** Gives one team many more data keys under the local key `old`: the same work as many teams, made faster. */
export async function addDataKeys(app: TestApp, teamId: TeamId, count: number): Promise<void> {
  const names = Array.from(
    { length: count },
    (_, at) => `0197a3f0-0000-7000-8000-${String(at).padStart(12, '0')}`,
  );
  const wraps = await Promise.all(
    names.map((dekId) => kekOf(app).wrap(Buffer.alloc(32, 7), { teamId, dekId })),
  );
  await app.nest.get(Database).pool.query(
    `insert into team_key (team_id, id, wrapped, kek_id, kek_version, created_at)
     select $1, id, wrapped, 'old', '1', '2020-01-01' from unnest($2::uuid[], $3::bytea[]) as made(id, wrapped)`,
    [teamId, names, wraps.map(({ wrapped }) => wrapped)],
  );
}

/** Forgets the opened data keys, as a server that has just started. */
export function forgetOpenedKeys(app: TestApp): void {
  encryptionOf(app)['dataKeys'].forget(undefined);
}

/** Something with the product's services: a server, or a terminal. */
type WithServices = Pick<TestApp, 'nest'> | { nest: INestApplicationContext };

/** A terminal beside servers, as `npm run keys:rotate` opens it; on the embedded database no server may run. */
export async function openTerminal(
  database: TestDatabase,
  variables: Record<string, string>,
): Promise<{ nest: INestApplicationContext; close: () => Promise<void> }> {
  const env = createTestEnv(database, variables);
  const tools = KeyToolsModule.register(env, createLogger({ logLevel: 'fatal' }), 'write');
  const nest = await NestFactory.createApplicationContext(tools, { logger: false, abortOnError: false });
  return { nest, close: () => nest.close() };
}

/** What `npm run keys:rotate` says, and its exit code. */
export async function rotateKeys(
  { nest }: WithServices,
  ...args: string[]
): Promise<{ code: number; text: string }> {
  let text = '';
  const code = await runKeysRotateCommand(
    args,
    (line) => (text += line),
    async () => nest,
  );
  return { code, text };
}

/** Data keys by the key that wraps them. */
export async function countByKek({ nest }: WithServices): Promise<Record<string, number>> {
  const { rows } = await nest
    .get(Database)
    .pool.query<{ kek: string; count: number }>(
      'select kek_id as kek, count(*)::int as count from team_key group by 1 order by 1',
    );
  return Object.fromEntries(rows.map(({ kek, count }) => [kek, count]));
}

/** Reads so far, and what went wrong with those that failed. */
export interface ReadOutcome {
  read: number;
  failed: unknown[];
}

/**
 * Opens secrets of changing teams, again and again with nothing remembered, until it is told to stop. `outcome` grows
 * meanwhile.
 */
export function readAllTheTime(
  readers: TestApp[],
  things: SealedThing[],
): { outcome: ReadOutcome; stop: () => Promise<ReadOutcome> } {
  const outcome: ReadOutcome = { read: 0, failed: [] };
  const end = new AbortController();
  const done = Promise.all(
    readers.map(async (app, index) => {
      for (let at = index; !end.signal.aborted; at += 7) {
        const thing = things[at % things.length];
        if (!thing) return;
        if (at % 5 === 0) forgetOpenedKeys(app);
        try {
          const text = await encryptionOf(app).open(thing.teamId, place, thing.blob);
          if (text !== thing.text) throw new Error('another text');
          outcome.read++;
        } catch (error) {
          outcome.failed.push(error);
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    }),
  );
  return {
    outcome,
    stop: async () => {
      end.abort();
      await done;
      return outcome;
    },
  };
}
