import type { Pool } from 'pg';
import { migrations } from '../../migrations';
import { AppError } from '../errors';

/** Throws `CONFLICT` where the schema is not the one of this version, and says which of the two is older. */
export async function assertCurrentSchema(pool: Pool): Promise<void> {
  const known = migrations.map(({ name }) => name);
  const applied = await listApplied(pool);
  const missing = known.filter((name) => !applied.includes(name));
  if (applied.length === 0)
    throw new AppError(
      'CONFLICT',
      'There is no AI Studio in this database. Check DATABASE_URL or DATA_DIR; a server makes the tables at its first start.',
    );
  if (missing.length > 0)
    throw new AppError(
      'CONFLICT',
      `The schema of the database is older than this command: ${missing.join(', ')} is missing. Use the command of the version that is running, or start a server of this version, which migrates. Nothing was changed.`,
    );
  if (applied.some((name) => !known.includes(name)))
    throw new AppError(
      'CONFLICT',
      'The schema of the database is newer than this command. Use the command of the version that is running.',
    );
}

async function listApplied(pool: Pool): Promise<string[]> {
  const { rows: found } = await pool.query(
    `select from information_schema.tables where table_schema = 'public' and table_name = 'schema_migration'`,
  );
  if (found.length === 0) return [];
  const { rows } = await pool.query<{ name: string }>('select name from schema_migration');
  return rows.map(({ name }) => name);
}
