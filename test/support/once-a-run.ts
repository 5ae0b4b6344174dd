import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTemplate } from './template';

/**
 * Makes a thing that all suites share, once in a run of Jest, and gives its folder; a suite in another worker waits for
 * it, or hears that it failed. The folder goes when the run ends.
 */
export async function onceARun(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(readTemplate().folder, name);
  const [ready, failed] = [`${folder}.ready`, `${folder}.failed`];
  if (existsSync(ready)) return folder;
  if (!isMine(folder)) {
    for (let waited = 0; !existsSync(ready); waited += 100) {
      if (existsSync(failed)) throw new Error(`${name} was not made: ${readFileSync(failed, 'utf8')}`);
      if (waited > 60_000) throw new Error(`${name} was not made within a minute.`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return folder;
  }
  try {
    await make(folder);
  } catch (error) {
    writeFileSync(failed, String(error));
    throw error;
  }
  writeFileSync(ready, '');
  return folder;
}

/** True for the first who asks. */
function isMine(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // an error of Node, maybe of another realm
    return false;
  }
}
