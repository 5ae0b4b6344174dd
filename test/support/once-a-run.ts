import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTemplate } from './template';

/**
 * Makes a thing that all suites share, once in a run of Jest, and gives its folder; a suite in another worker waits for
 * it. The folder goes when the run ends.
 */
export async function onceARun(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(readTemplate().dataDir, name);
  const ready = `${folder}.ready`;
  if (existsSync(ready)) return folder;
  try {
    mkdirSync(folder);
  } catch {
    for (let waited = 0; !existsSync(ready); waited += 100) {
      if (waited > 60_000) throw new Error(`Not made within a minute: ${name}. See the first failing suite.`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return folder;
  }
  await make(folder);
  writeFileSync(ready, '');
  return folder;
}
