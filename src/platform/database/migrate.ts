import { Client } from 'pg';
import type { DataSource } from 'typeorm';

/** Any constant; the same in every replica and every version. */
const migrationLock = 7_241_508_331;

/**
 * Runs the pending migrations. On a server, under a session-level advisory lock on a connection of its own, so that
 * replicas that start together take turns; the embedded database has one process, held by the directory lock.
 * @param serverUrl PostgreSQL address; `undefined` for the embedded database
 */
export async function migrate(dataSource: DataSource, serverUrl: string | undefined): Promise<void> {
  if (!serverUrl) {
    await dataSource.runMigrations();
    return;
  }
  const client = new Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    await dataSource.runMigrations();
  } finally {
    await client.end();
  }
}
