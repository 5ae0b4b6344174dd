import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

interface Holder {
  pid: number;
  /** Start time of the process in clock ticks since boot (Linux), so that a reused process id is noticed. */
  startTicks: string | null;
  host: string;
  since: string;
}

/** Another live process holds the data directory. Names it. */
class DirectoryLockedError extends Error {
  constructor(
    dataDir: string,
    readonly holder: Holder,
  ) {
    super(
      `${dataDir} is in use by process ${holder.pid} on ${holder.host} since ${holder.since}. ` +
        'Stop that process, or set DATA_DIR to another directory, or use PostgreSQL (DATABASE_URL) to run more than one.',
    );
    this.name = 'DirectoryLockedError';
  }
}

/**
 * Takes the lock file of an embedded data directory; the database itself takes none. A lock whose process is gone is
 * taken over. Returns the release function. Throws {@link DirectoryLockedError}.
 */
export function lockDirectory(dataDir: string): () => void {
  const file = join(dataDir, 'lock');
  const mine: Holder = {
    pid: process.pid,
    startTicks: startTicksOf(process.pid),
    host: hostname(),
    since: new Date().toISOString(),
  };
  for (let attempt = 0; attempt < 5; attempt += 1) {
    if (tryCreate(file, mine)) return () => release(file, mine);
    const holder = readHolder(file);
    if (holder && isAlive(holder)) throw new DirectoryLockedError(dataDir, holder);
    if (holder) removeStale(file, holder);
  }
  throw new Error(`The lock file ${file} keeps changing hands. Start one process on this directory.`);
}

function tryCreate(file: string, mine: Holder): boolean {
  // Written aside and linked, so that nobody ever reads a half-written lock.
  const draft = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 });
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

/** Moves the dead holder's file away; if somebody live got in between, puts theirs back. */
function removeStale(file: string, stale: Holder): void {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return;
    throw error;
  }
  const moved = readHolder(aside);
  if (moved && JSON.stringify(moved) !== JSON.stringify(stale) && isAlive(moved)) linkSync(aside, file);
  rmSync(aside, { force: true });
}

function readHolder(file: string): Holder | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder; // only tryCreate writes it, and whole
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null;
    throw error;
  }
}

function isAlive(holder: Holder): boolean {
  if (holder.host !== hostname()) return true; // a shared volume: cannot look, so do not take over
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (isCode(error, 'ESRCH')) return false;
  }
  const ticks = startTicksOf(holder.pid);
  return ticks === null || holder.startTicks === null || ticks === holder.startTicks;
}

/** Field 22 of /proc/<pid>/stat (proc_pid_stat(5)); null where there is no /proc. */
function startTicksOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null; // not Linux, or the process is gone: the signal check above decides
  }
}

function release(file: string, mine: Holder): void {
  const holder = readHolder(file);
  if (holder && holder.pid === mine.pid && holder.since === mine.since) rmSync(file, { force: true });
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
