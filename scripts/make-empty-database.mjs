/*
 * `make-empty-database.mjs <build> <target>`: makes an embedded database that is migrated and empty, with a build's own code.
 * That takes seconds; the first start on a new DATA_DIR copies it. Written aside and renamed, so that there is a whole one
 * or none.
 */
import { chmodSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

const [build, target] = process.argv.slice(2).map((path) => resolve(path));
const { Database } = createRequire(import.meta.url)(join(build, 'src/platform/database'));
const draft = `${target}.${process.pid}`;
try {
  mkdirSync(dirname(target), { recursive: true });
  const database = await Database.open({ dataDir: draft });
  await database.close();
  chmodSync(join(draft, 'database'), 0o700);
  renameSync(join(draft, 'database'), target);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(draft, { recursive: true, force: true });
}
