import { Client } from 'pg';
import { MigrationExecutor, type DataSource } from 'typeorm';
import { assertRoles, assertSchema, toMigrationError } from './privileges';
import { setSearchPath } from './search-path';
import { liftTimeLimits, limitTimes } from './time-limits';

/** Any constant; the same in every replica and every version. */
export const migrationLock = 7_241_508_331;

/**
 * Runs the pending migrations. On a server, under a session-level advisory lock on a connection of its own, so that
 * replicas that start together take turns; the embedded database has one process, held by the directory lock.
 * Throws, with what an administrator has to run, where the database user may not do what the server does.
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
    await setSearchPath(client);
    await assertSchema(client);
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    await migrateWithoutHaste(dataSource).catch((error: unknown) => {
      throw toMigrationError(error, client.user ?? '');
    });
    await assertRoles(client);
  } finally {
    await client.end();
  }
}

/** On a connection whose time limits are lifted: a migration that moves data may run for minutes. */
async function migrateWithoutHaste(dataSource: DataSource): Promise<void> {
  const runner = dataSource.createQueryRunner();
  const client: Parameters<typeof liftTimeLimits>[0] = await runner.connect(); // TypeORM does not say whose client it is
  try {
    await liftTimeLimits(client);
    const executor = new MigrationExecutor(dataSource, runner);
    executor.transaction = 'each';
    await executor.executePendingMigrations();
    await limitTimes(client);
  } finally {
    await runner.release();
  }
}
