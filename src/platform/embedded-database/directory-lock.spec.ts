import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { lockDirectory, socketDirPrefix } from './directory-lock';

const asRoot = process.getuid?.() === 0 ? it : it.skip;

describe('the directory for sockets that the lock file of a killed process names', () => {
  let scratch: string;
  let dataDir: string;
  const made: string[] = [];

  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'directory-lock-'));
    dataDir = join(scratch, 'data');
    mkdirSync(dataDir);
  });

  afterEach(() => {
    for (const path of [scratch, ...made.splice(0)]) rmSync(path, { recursive: true, force: true });
  });

  /** With a socket in it, as the killed one left it. */
  function leave(): string {
    const socketDir = mkdtempSync(join(tmpdir(), socketDirPrefix));
    made.push(socketDir);
    writeFileSync(join(socketDir, '.s.PGSQL.5432'), '');
    return socketDir;
  }

  /** Starts after one that noted `socketDir` was killed. */
  function lockAfter(socketDir: string): void {
    const note = join(dataDir, 'lock');
    writeFileSync(note, JSON.stringify({ pid: 1, host: hostname(), since: 'once', socketDir }));
    const unlock = lockDirectory(dataDir, 'mine');
    expect(JSON.parse(readFileSync(note, 'utf8'))).toMatchObject({ pid: process.pid, socketDir: 'mine' });
    unlock();
  }

  it('goes', () => {
    const socketDir = leave();
    lockAfter(socketDir);
    expect(existsSync(socketDir)).toBe(false);
  });

  it('is gone already', () => {
    const socketDir = leave();
    rmSync(socketDir, { recursive: true });
    lockAfter(socketDir);
  });

  asRoot("stays where it is another user's", () => {
    const socketDir = leave();
    chownSync(socketDir, 65_534, 65_534);
    lockAfter(socketDir);
    expect(existsSync(join(socketDir, '.s.PGSQL.5432'))).toBe(true);
  });

  it('refuses no start where it cannot be removed', () => {
    lockAfter(join(tmpdir(), socketDirPrefix + 'x'.repeat(300))); // longer than a name may be: an error even for root
  });

  it.each([
    ['elsewhere', (path: string) => path],
    ['a link', (path: string) => linkTo(path)],
    ['a link, with a slash that would follow it', (path: string) => `${linkTo(path)}/`],
    ['no directory', (path: string) => fileBeside(path)],
  ])('stays where what is named is %s', (_what, name) => {
    const precious = join(scratch, `${socketDirPrefix}precious`);
    mkdirSync(precious);
    writeFileSync(join(precious, 'file'), 'precious');
    const named = name(precious);
    lockAfter(named);
    expect(readFileSync(join(precious, 'file'), 'utf8')).toBe('precious');
    expect(() => lstatSync(named.replace(/\/$/, ''))).not.toThrow();
  });

  function linkTo(path: string): string {
    const link = leave();
    rmSync(link, { recursive: true });
    symlinkSync(path, link);
    return link;
  }

  function fileBeside(path: string): string {
    const file = join(tmpdir(), `${socketDirPrefix}${basename(scratch)}`);
    made.push(file);
    writeFileSync(file, path);
    return file;
  }
});
