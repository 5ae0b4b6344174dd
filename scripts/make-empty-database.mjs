/*
 * Makes an empty embedded database, which takes seconds, once an installation: the first start on a new DATA_DIR copies
 * it. Written aside and renamed, so that there is a whole one or none.
 */
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { PGlite } from '@electric-sql/pglite';

const [target] = process.argv.slice(2);
const draft = `${target}.${process.pid}`;
mkdirSync(dirname(target), { recursive: true });
try {
  const database = await PGlite.create({ dataDir: draft });
  await database.close();
  renameSync(draft, target);
} finally {
  rmSync(draft, { recursive: true, force: true });
}
process.exit(0);
