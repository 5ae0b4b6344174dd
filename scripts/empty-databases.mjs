import { readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Making one takes seconds, and two minutes at most: what is older than this hour was left by a process that was killed. */
const draftMs = 60 * 60 * 1000;

/**
 * Removes from the folder `cache` the empty databases that other versions made, and drafts (with a dot in their names) that
 * nobody makes any more; `current` stays. One that is whole is renamed first: whoever is copying it fails at once, makes
 * their own, and never takes what was left of it for all of it.
 */
export function removeOldDatabases(cache, current) {
  for (const name of readdirSync(cache).filter((entry) => entry !== current)) {
    try {
      remove(join(cache, name), name.includes('.'));
    } catch {
      // another start removes it at this moment, or a later one will
    }
  }
}

function remove(path, isDraft) {
  if (isDraft && Date.now() - statSync(path).mtimeMs < draftMs) return;
  const going = isDraft ? path : `${path}.${process.pid}`;
  if (!isDraft) renameSync(path, going);
  rmSync(going, { recursive: true });
}
