/*
 * Makes an embedded database that is migrated and empty, which takes seconds, once for each set of migrations: the first
 * start on a new DATA_DIR copies it. Written aside and renamed, so that there is a whole one or none.
 */
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const [target] = process.argv.slice(2);
const { Database } = createRequire(import.meta.url)('../dist/src/platform/database');
const draft = `${target}.${process.pid}`;
mkdirSync(dirname(target), { recursive: true });
try {
  const database = await Database.open({ dataDir: draft });
  await database.close();
  renameSync(join(draft, 'database'), target);
} finally {
  rmSync(draft, { recursive: true, force: true });
}
process.exit(0);
