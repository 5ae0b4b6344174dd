import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a directory that only this user may enter, with those above it that are missing; one that is there stays as it is.
 * Throws the system's error where it cannot. Node's own `recursive` never ends in a file system that answers ENOENT whatever
 * is to be made, as `/proc` and automounted places do.
 */
export function makeDirectory(path: string): void {
  if (isDirectory(path)) return;
  if (!existsSync(path)) makeDirectory(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!isDirectory(path)) throw error; // else another process made it at the same moment
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
