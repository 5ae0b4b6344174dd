import { Database } from '../../src/platform/database';
import type { TestApp } from './app';

/**
 * How many blocks of a table and its indexes the database reads while something is done: what it costs, whatever the
 * machine. Plans, and so what is read, differ with PostgreSQL's version.
 */
export async function countBlocks(app: TestApp, table: string, act: () => Promise<unknown>): Promise<number> {
  const before = await readCounter(app, table);
  await act();
  return (await readCounter(app, table)) - before;
}

async function readCounter(app: TestApp, table: string): Promise<number> {
  const { pool } = app.nest.get(Database);
  // A session says what it read when it rests for a while; each is asked to say it now, or what came before would count as of later.
  const sessions = await Promise.all(Array.from({ length: pool.totalCount }, () => pool.connect()));
  for (const session of sessions) {
    await session.query('select pg_stat_force_next_flush()');
    session.release();
  }
  const { rows } = await pool.query<{ blocks: number }>(
    `select heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read as blocks
       from pg_statio_all_tables where relname = $1`,
    [table],
  );
  return rows[0]!.blocks;
}
