import { Client } from 'pg';
import type { Database } from './database';

/** Any constant; the same in every replica and every version. */
const migrationLock = 7_241_508_331;

/**
 * Runs the pending migrations. On a server, under a session-level advisory lock on a connection of its own, so that
 * replicas that start together take turns; the embedded database has one process, held by the directory lock.
 */
export async function migrate(database: Database): Promise<void> {
  if (database.mode === 'embedded') {
    await database.dataSource.runMigrations();
    return;
  }
  const { options } = database.dataSource;
  if (options.type !== 'postgres') throw new Error('The data source is not PostgreSQL.');
  const client = new Client({ connectionString: options.url });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    await database.dataSource.runMigrations();
  } finally {
    await client.end();
  }
}
