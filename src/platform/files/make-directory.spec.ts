import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDirectory } from './make-directory';

describe('making a directory', () => {
  let place: string;

  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'ai-studio-directory-'));
  });
  afterEach(() => rmSync(place, { recursive: true }));

  it('makes those above it, for this user alone, and leaves one that is there', () => {
    makeDirectory(join(place, 'a/b'));
    expect(statSync(join(place, 'a')).mode & 0o777).toBe(0o700);
    expect(statSync(join(place, 'a/b')).mode & 0o777).toBe(0o700);
    mkdirSync(join(place, 'open'), { mode: 0o755 });
    makeDirectory(join(place, 'open'));
    expect(statSync(join(place, 'open')).mode & 0o777).toBe(0o755);
  });

  it('says where a file is in the way', () => {
    writeFileSync(join(place, 'file'), '');
    for (const path of ['file', 'file/b', 'file/b/c'])
      expect(() => makeDirectory(join(place, path))).toThrow(
        `EEXIST: file already exists, mkdir '${place}/file'`,
      );
  });

  const onLinux = process.platform === 'linux' ? it : it.skip;
  onLinux('says where nothing can be made, and comes to an end', () => {
    expect(() => makeDirectory('/proc/nope/deeper')).toThrow(
      "ENOENT: no such file or directory, mkdir '/proc/nope'",
    );
  });
});
