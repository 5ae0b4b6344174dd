import { globSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { batches, type BatchName } from './batches';

export const root = resolve(__dirname, '../..');

/** The suites of a batch, by their paths from the root. */
export function listSuites(name: BatchName): string[] {
  const patterns = batches[name].map((pattern) => `${pattern}.spec.ts`);
  return globSync(patterns, { cwd: root })
    .map((path) => path.replaceAll(sep, '/'))
    .toSorted();
}

/** Registers the suites of a batch, each under its path. */
export function runBatch(name: BatchName): void {
  for (const path of listSuites(name)) {
    describe(path, () => {
      // oxlint-disable-next-line typescript/no-require-imports -- what it registers belongs into this block
      require(join(root, path));
    });
  }
}
