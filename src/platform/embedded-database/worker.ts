/*
 * The thread in which the embedded database lives, so that a long statement never stalls the event loop of the
 * application. Speaks the PostgreSQL protocol on a socket that only this user can reach; on Windows on a loopback port,
 * which others of the machine can. Kept to erasable TypeScript: Jest starts this file as it is, the build as JavaScript.
 */
import { chmodSync, cpSync, existsSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

/** PGlite's own 128 MB would be a third of the process; one process with one session does not need them. */
const sharedBuffers = '4MB';

interface WorkerData {
  databaseDir: string;
  /** One that is empty and migrated, which the build may have made: that takes seconds. */
  emptyDatabase: string;
  listen: { path: string } | { host: string; port: number };
  maxConnections: number;
}

/** Makes the database where there is none, aside and then renamed: a process killed meanwhile leaves no half of one. */
async function ensureDatabase(databaseDir: string, emptyDatabase: string): Promise<void> {
  if (existsSync(databaseDir)) return;
  const draft = `${databaseDir}.new`;
  rmSync(draft, { recursive: true, force: true });
  if (!copy(emptyDatabase, draft)) await (await PGlite.create({ dataDir: draft })).close();
  chmodSync(draft, 0o700); // PGlite leaves files that anybody may write
  renameSync(draft, databaseDir);
}

/**
 * False where there is none, none that this user may read, or one that is removed meanwhile: it only saves time. The filter
 * lets all through; without one, Node copies in C++ and a directory that does not open ends the process (nodejs/node#63970).
 */
function copy(emptyDatabase: string, draft: string): boolean {
  try {
    cpSync(realpathSync(emptyDatabase), draft, { recursive: true, filter: () => true });
    return true;
  } catch {
    rmSync(draft, { recursive: true, force: true });
    return false;
  }
}

async function serve({ databaseDir, emptyDatabase, listen, maxConnections }: WorkerData): Promise<void> {
  await ensureDatabase(databaseDir, emptyDatabase);
  const database = await PGlite.create({
    dataDir: databaseDir,
    startParams: [...PGlite.defaultStartParams, '-c', `shared_buffers=${sharedBuffers}`],
  });
  const server = new PGLiteSocketServer({ db: database, ...listen, maxConnections });
  await server.start();
  parentPort?.on('message', (message: unknown) => {
    if (message !== 'stop') return;
    void (async () => {
      await server.stop();
      await database.close();
      parentPort?.postMessage({ type: 'stopped' });
      parentPort?.close();
    })();
  });
  parentPort?.postMessage({ type: 'ready', connection: server.getServerConn() });
}

void serve(workerData as WorkerData).catch((error: unknown) => {
  // workerData is what embedded-database.ts sent
  parentPort?.postMessage({
    type: 'failed',
    message: error instanceof Error ? error.message : String(error),
  });
});
