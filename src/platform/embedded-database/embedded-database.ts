import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { PoolConfig } from 'pg';
import { makeDirectory } from '../files';
import { lockDirectory, socketDirPrefix } from './directory-lock';

/**
 * One, so that nothing is mixed up: PGlite is one session, and its socket server lets the messages of two connections
 * interleave outside of transaction blocks, so that one statement runs with the other's parameters.
 */
const maxConnections = 1;
/** All wait for the one; what waits longer than this is told so. */
const connectionTimeoutMillis = 60_000;
const socketPort = 5432;

interface WorkerMessage {
  type: 'ready' | 'failed' | 'stopped';
  message?: string;
  connection?: string;
}

/** A running embedded PostgreSQL (PGlite) in a worker thread. */
export interface EmbeddedDatabase {
  /** How `pg` reaches it. */
  connection: Pick<
    PoolConfig,
    'host' | 'port' | 'user' | 'database' | 'ssl' | 'max' | 'connectionTimeoutMillis' | 'onConnect'
  >;
  /** Resolves, with the reason, when its thread ends and nobody has called `stop`. Every query fails from then on. */
  died: Promise<Error>;
  /**
   * Closes the database cleanly and releases the directory. Throws what the thread failed with while it closed; of one
   * that had died before, there is only the directory to release.
   */
  stop(): Promise<void>;
}

/**
 * Opens the embedded database in `dataDir/database`, locked for this process. It listens on a Unix socket in a private
 * temporary directory, so there is no port to choose and no other user can connect. On Windows it listens on a loopback
 * port that the system chooses, and asks for no password: every user of the machine can connect there.
 * Throws `DirectoryLockedError`, or an error that says why the directory cannot be opened.
 */
export async function startEmbeddedDatabase(dataDir: string): Promise<EmbeddedDatabase> {
  makeDirectory(dataDir);
  const socketDir = mkdtempSync(join(tmpdir(), socketDirPrefix));
  const unlock = lockFor(dataDir, socketDir);
  const unixSocket = process.platform !== 'win32';
  const listen = unixSocket
    ? { path: join(socketDir, `.s.PGSQL.${socketPort}`) }
    : { host: '127.0.0.1', port: 0 };
  const worker = new Worker(join(__dirname, `worker${extname(__filename)}`), {
    workerData: {
      databaseDir: join(dataDir, 'database'),
      emptyDatabase: join(__dirname, '../../../empty-database'),
      listen,
      maxConnections: maxConnections + 4,
    },
    execArgv: ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', '--disable-warning=ExperimentalWarning'],
    env: {},
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  });
  const exited = exitOf(worker);
  const cleanUp = () => {
    rmSync(socketDir, { recursive: true, force: true });
    unlock();
  };
  try {
    const ready = await nextMessage(worker, exited);
    if (ready.type !== 'ready') {
      throw new Error(
        `The embedded database in ${dataDir} does not open: ${ready.message ?? 'unknown reason'}`,
      );
    }
    const address = unixSocket ? { host: socketDir, port: socketPort } : parseAddress(ready.connection ?? '');
    let state: 'running' | 'stopping' | 'dead' = 'running';
    const died = new Promise<Error>((resolve) => {
      void exited.then((reason) => {
        if (state !== 'running') return;
        state = 'dead';
        resolve(reason);
      });
    });
    return {
      connection: {
        ...address,
        user: 'postgres',
        database: 'postgres',
        ssl: false,
        max: maxConnections,
        connectionTimeoutMillis,
        // There is one session for ever: a new connection must not find the statements that the one before prepared.
        onConnect: (client) => void client.query('deallocate all').catch(() => undefined), // the connection is lost: the next query says so
      },
      died,
      stop: async () => {
        if (state === 'dead') return cleanUp();
        state = 'stopping';
        const stopped = nextMessage(worker, exited);
        worker.postMessage('stop');
        try {
          await stopped;
        } finally {
          await worker.terminate();
          cleanUp();
        }
      },
    };
  } catch (error) {
    await worker.terminate();
    cleanUp();
    throw error;
  }
}

function lockFor(dataDir: string, socketDir: string): () => void {
  try {
    return lockDirectory(dataDir, socketDir);
  } catch (error) {
    rmSync(socketDir, { recursive: true });
    throw error;
  }
}

/** Resolves when the thread has ended, with why. Nothing else listens for its errors: an unheard one would end the process. */
function exitOf(worker: Worker): Promise<Error> {
  return new Promise((resolve) => {
    let failure: Error | undefined;
    worker.once('error', (error: Error) => (failure = error)); // it ends next
    worker.once('exit', (code) =>
      resolve(failure ?? new Error(`The embedded database ended with code ${code}.`)),
    );
  });
}

/** Throws why the thread ended, where it ends instead of saying something. */
async function nextMessage(worker: Worker, exited: Promise<Error>): Promise<WorkerMessage> {
  const { promise: message, resolve } = Promise.withResolvers<WorkerMessage>();
  worker.once('message', resolve);
  try {
    return await Promise.race([message, exited.then((reason) => Promise.reject<never>(reason))]);
  } finally {
    worker.off('message', resolve);
  }
}

function parseAddress(connection: string): { host: string; port: number } {
  const [host = '127.0.0.1', port = '0'] = connection.split(':');
  return { host, port: Number(port) };
}
