import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const script = pathToFileURL(resolve(__dirname, '../../scripts/empty-databases.mjs')).href;

describe('empty databases of former builds', () => {
  it('go, and so do the drafts of makers that were killed: not the one in use, and no draft of the last hour', async () => {
    const cache = mkdtempSync(join(tmpdir(), 'empty-databases-'));
    const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
    const ages = { 'of-now': 1_000, 'of-before': 1_000, 'of-now.1': 61, 'of-now.2': 59, 'of-before.3': 61 };
    for (const [name, minutes] of Object.entries(ages)) {
      mkdirSync(join(cache, name, 'base'), { recursive: true });
      writeFileSync(join(cache, name, 'base/1'), '');
      utimesSync(join(cache, name), minutesAgo(minutes), minutesAgo(minutes));
    }
    const call = `import { removeOldDatabases } from '${script}'; removeOldDatabases(process.argv[1], 'of-now');`;
    await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', call, cache]);
    expect(readdirSync(cache).toSorted()).toEqual(['of-now', 'of-now.2']);
    rmSync(cache, { recursive: true });
  });
});
