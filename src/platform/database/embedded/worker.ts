/*
 * The thread in which the embedded database lives, so that a long statement never stalls the event loop of the
 * application. Speaks the PostgreSQL protocol on a socket that only this user can reach. Kept to erasable
 * TypeScript: Jest starts this file as it is, the build as JavaScript.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

/** PGlite's own 128 MB would be a third of the process; one process with one session does not need them. */
const sharedBuffers = '16MB';

interface WorkerData {
  databaseDir: string;
  listen: { path: string } | { host: string; port: number };
  maxConnections: number;
}

async function serve({ databaseDir, listen, maxConnections }: WorkerData): Promise<void> {
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
