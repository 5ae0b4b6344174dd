import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestApp } from '../../support/app';
import { dumpDatabase } from '../../support/providers';

/** Everything that the database holds: each row of each table as text, and each `bytea` in it as the bytes themselves. */
export async function readDatabase(app: TestApp): Promise<Buffer[]> {
  const dump = await dumpDatabase(app);
  const bytes = [...dump.matchAll(/\\x([0-9a-f]{2,})/g)].map(([, hex]) => Buffer.from(hex ?? '', 'hex'));
  return [Buffer.from(dump), ...bytes, ...(await readPgDump(app))];
}

/** What `pg_dump` says, where there is a server and the program: definitions, comments and large objects included. */
async function readPgDump({ database: { databaseUrl } }: TestApp): Promise<Buffer[]> {
  if (!databaseUrl) return [];
  try {
    const { stdout } = await promisify(execFile)('pg_dump', [databaseUrl], { maxBuffer: 2 ** 30 });
    return [Buffer.from(stdout)];
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** Every file below a folder as it is on the disk; of the embedded database that is its tables, indexes and log. */
export function readFiles(folder: string): Buffer[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap((entry) => [Buffer.from(entry.name), readFileSync(join(entry.parentPath, entry.name))]);
}
