import { lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** How the names of private directories for sockets begin, in the directory for temporary files. */
export const socketDirPrefix = 'ai-studio-';

interface Holder {
  pid: number;
  host: string;
  since: string;
  /** Where it listens. Notes of earlier versions do not say. */
  socketDir?: string;
}

/** Another live process holds the data directory. Names it. */
class DirectoryLockedError extends Error {
  constructor(dataDir: string, holder: Holder | null) {
    super(
      `${dataDir} is in use${holder ? ` by process ${holder.pid} on ${holder.host} since ${holder.since}` : ''}. ` +
        'Stop that process, or set DATA_DIR to another directory, or use PostgreSQL (DATABASE_URL) to run more than one.',
    );
    this.name = 'DirectoryLockedError';
  }
}

/** What SQLite says of a file that another holds. */
const busy = 5;

/**
 * Takes the lock of an embedded data directory; the database itself takes none. It is a lock of the operating system, by
 * way of SQLite, since Node offers none: it ends with its process however that ends, and holds between containers, where
 * every process is number 1. Returns the release function. Throws {@link DirectoryLockedError}.
 * @param socketDir where the holder will listen; that of one before, which was killed, is removed where it can be
 */
export function lockDirectory(dataDir: string, socketDir: string): () => void {
  const note = join(dataDir, 'lock');
  const lock = new DatabaseSync(join(dataDir, 'lock.sqlite'));
  try {
    lock.exec('pragma busy_timeout = 0; pragma journal_mode = memory; begin exclusive');
  } catch (error) {
    lock.close();
    throw isBusy(error) ? new DirectoryLockedError(dataDir, readHolder(note)) : error;
  }
  const former = readHolder(note);
  if (former?.host === hostname()) removeSocketDir(former.socketDir);
  const mine: Holder = { pid: process.pid, host: hostname(), since: new Date().toISOString(), socketDir };
  writeFileSync(note, JSON.stringify(mine), { mode: 0o600 });
  return () => {
    rmSync(note, { force: true });
    lock.close();
  };
}

/**
 * Nobody listens there any more: the lock is ours. It goes where it is a directory of this user's; of a link not even the
 * link does. It is only tidying, and no start is refused for it: what cannot be removed stays.
 */
function removeSocketDir(socketDir = ''): void {
  if (dirname(socketDir) !== tmpdir() || !basename(socketDir).startsWith(socketDirPrefix)) return;
  const path = join(tmpdir(), basename(socketDir)); // without a slash at its end, which would follow a link
  try {
    const found = lstatSync(path);
    const isOurs = found.isDirectory() && (!process.getuid || found.uid === process.getuid());
    if (isOurs) rmSync(path, { recursive: true });
  } catch {
    // it is gone already, or stays
  }
}

function readHolder(note: string): Holder | null {
  try {
    return JSON.parse(readFileSync(note, 'utf8')) as Holder; // only lockDirectory writes it
  } catch {
    return null; // it says who, not whether
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === busy;
}
