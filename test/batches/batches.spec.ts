import { globSync } from 'node:fs';
import { batches, type BatchName } from './batches';
import { listSuites, root } from './run-batch';

describe('the batches of a whole run', () => {
  const names = Object.keys(batches) as BatchName[];

  it('have a file each, which runs the batch of its name', () => {
    const files = globSync('*.batch.ts', { cwd: __dirname });
    expect(files.toSorted()).toEqual(names.map((name) => `${name}.batch.ts`).toSorted());
  });

  it('hold each suite once', () => {
    const all = globSync('{src,libs,test}/**/*.spec.ts', { cwd: root });
    expect(names.flatMap(listSuites).toSorted()).toEqual(all.toSorted());
  });
});
