import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import { toTeamId, type TeamId } from '@kdx/shared';
import { Database, TeamTransaction, type TransactionManager } from '../../src/platform/database';
import { createTestDatabase, type TestDatabase } from '../support/databases';
import { createTestEnv } from '../support/env';
import { random } from './isolation/random';
import { attempts, mode, publish, seed } from './proof';

jest.setTimeout(1_200_000);

const teams = Array.from({ length: 50 }, () => toTeamId(randomUUID()));

/** Not one by one: as many at a time as wait for each other's connections. */
const atOnce = mode === 'PostgreSQL' ? 64 : 8;

/** A row as a transaction sees it: no statement below asks for a team. */
interface Row {
  team_id: string;
}

type Ending = 'commit' | 'throw' | 'SQL error' | 'cancel' | 'lost connection';

/** The embedded database has no timers: it can cancel nothing. */
const possibleEndings: Ending[] = [
  'commit',
  'commit',
  'commit',
  'throw',
  'SQL error',
  'lost connection',
  ...(mode === 'PostgreSQL' ? (['cancel'] as const) : []),
];

describe('transactions of many teams at once', () => {
  let place: TestDatabase;
  let database: Database;
  let transaction: TeamTransaction;
  const next = random(seed);
  const seen = { rows: 0, foreign: 0, reuses: 0, survivals: 0 };
  const endings = new Map<string, number>();

  beforeAll(async () => {
    place = await createTestDatabase();
    database = await Database.open(createTestEnv(place));
    transaction = new TeamTransaction(database);
    for (const id of teams) {
      await database.pool.query('insert into team (id, name, slug) values ($1, $2, $2)', [id, String(id)]);
      await transaction.run({ teamId: id }, (manager) => insertText(manager, id));
    }
  });

  afterAll(async () => {
    await database.close();
    await place.drop();
  });

  it('see and write rows of their own team alone, however they end, and leave nothing behind', async () => {
    let left = attempts({ short: 600, long: 10_000 });
    const total = left;
    const work = async () => {
      while (left > 0) {
        left -= 1;
        await one();
        if (next() < 0.2) await reuse();
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));

    process.stdout.write(`endings: ${JSON.stringify(Object.fromEntries(endings))}\n`);
    publish({
      name: `rows of another team seen in ${total} interleaved transactions of 50 teams`,
      found: seen.foreign,
      of: seen.rows,
      aim: 0,
    });
    publish({
      name: 'connections that still had a team or its role when they were used next',
      found: seen.survivals,
      of: seen.reuses,
      aim: 0,
    });
    const { rows } = await database.pool.query<{ wrong: number }>(
      `select count(*)::int as wrong from ai_prompt_text where text <> team_id::text`,
    );
    publish({ name: 'rows written into another team', found: rows[0]?.wrong ?? -1, of: total, aim: 0 });
    for (const ending of possibleEndings) expect([ending, endings.get(ending) ?? 0]).not.toEqual([ending, 0]);
    expect(endings.get('commit')).toBeGreaterThan(total / 10);
    expect(endings.get('unplanned') ?? 0).toBeLessThan(total / 10);
  });

  async function one(): Promise<void> {
    const teamId = pick(teams);
    const ending = pick(possibleEndings);
    const kind = pick(['run', 'run', 'pipeline', 'readOne'] as const);
    try {
      if (kind === 'run') await runOne(teamId, ending);
      else if (kind === 'pipeline') await pipelineOne(teamId, ending);
      else await readOne(teamId, ending);
      count('commit');
    } catch (error) {
      count(ending === 'commit' ? 'unplanned' : ending);
      if (ending === 'commit' && !/terminat|connection|ended|closed/i.test(String(error))) throw error;
    }
  }

  function runOne(teamId: TeamId, ending: Ending): Promise<void> {
    return transaction.run({ teamId }, async (manager) => {
      look(teamId, await manager.query<Row[]>('select team_id from ai_prompt_text limit 20'));
      await insertText(manager, teamId);
      await new Promise((resolve) => setTimeout(resolve, next() * 3)); // others go on meanwhile
      look(
        teamId,
        await manager.query<Row[]>('select team_id from ai_prompt_text order by created_at desc limit 20'),
      );
      if (ending === 'throw') throw new Error('a service refuses');
      if (ending === 'SQL error') await manager.query('select 1 / 0');
      if (ending === 'cancel')
        await manager.query(
          `set local statement_timeout = 1; select count(*) from generate_series(1, 100000000)`,
        );
      if (ending === 'lost connection') await cut(manager);
    });
  }

  async function pipelineOne(teamId: TeamId, ending: Ending): Promise<void> {
    const look1: [string, unknown[]] = ['select team_id from ai_prompt_text where text <> $1 limit 20', ['']];
    const fault: [string, unknown[]] = ['select 1 / $1::int', [0]];
    const [first, second] = await transaction.pipeline<Row>({ teamId }, [
      look1,
      ...(ending === 'commit' ? [look1] : [fault, look1]),
    ]);
    look(teamId, [...(first ?? []), ...(second ?? [])]);
  }

  async function readOne(teamId: TeamId, ending: Ending): Promise<void> {
    const fault = ending === 'commit' ? '' : ', 1 / (select 0)';
    look(
      teamId,
      await transaction.readOne<Row>({ teamId }, `select team_id${fault} from ai_prompt_text limit 20`),
    );
  }

  /** Takes any connection of the pool, as the next request would. */
  async function reuse(): Promise<void> {
    const client = await database.pool.connect();
    try {
      const { rows } = await client.query<{ team: string | null; same: boolean }>(
        `select current_setting('app.team_id', true) as team, current_user = session_user as same`,
      );
      seen.reuses += 1;
      if (rows[0]?.team || !rows[0]?.same) seen.survivals += 1;
      client.release();
    } catch {
      client.release(true);
    }
  }

  function look(teamId: TeamId, rows: Row[]): void {
    seen.rows += rows.length;
    seen.foreign += rows.filter((row) => row.team_id !== teamId).length;
  }

  /** The connection of an open transaction is gone: at the server's end, or at ours. */
  async function cut(manager: TransactionManager): Promise<void> {
    const connection = (await manager.queryRunner?.connect()) as PoolClient & {
      connection: { stream: { destroy(): void } };
    };
    if (mode === 'PostgreSQL' && next() < 0.5) {
      const [row] = await manager.query<{ pid: number }[]>('select pg_backend_pid() as pid');
      await database.pool.query('select pg_terminate_backend($1)', [row?.pid]);
    } else connection.connection.stream.destroy();
    await manager.query('select 1');
  }

  function count(ending: string): void {
    endings.set(ending, (endings.get(ending) ?? 0) + 1);
  }

  function pick<T>(list: readonly T[]): T {
    return list[Math.floor(next() * list.length)]!; // next() is below 1
  }
});

function insertText(manager: TransactionManager, teamId: TeamId): Promise<unknown> {
  return manager.query(
    `insert into ai_prompt_text (team_id, id, sha256, text, created_at) values ($1, gen_random_uuid(), gen_random_uuid()::text, $2, now())`,
    [teamId, teamId],
  );
}
