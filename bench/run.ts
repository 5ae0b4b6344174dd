/*
 * The figures that this product promises, measured on this machine in one run: what was aimed at and what is. It never
 * fails on a time; a machine that does other work at the same moment shows. `npm run bench -- start memory` runs a part; with
 * `DATABASE_URL`, all but the first part run on that PostgreSQL.
 */
import { measureCatalogue } from './catalogue.ts';
import { measureCost } from './cost.ts';
import { describeMachine, printFigures, type Figure } from './figures.ts';
import { measureFirstByte } from './first-byte.ts';
import { measureMemory, measureStart } from './footprint.ts';
import { mode } from './place.ts';
import { measurePrepareExecution } from './prepare-execution.ts';
import { measurePrompts } from './prompts.ts';
import { measureStreams } from './streams.ts';

const parts: Record<string, { title: string; measure: () => Promise<Figure[]> }> = {
  prepare: { title: 'prepareExecution, in the process', measure: measurePrepareExecution },
  prompts: { title: 'Writing a prompt', measure: measurePrompts },
  'first-byte': { title: 'A streamed chat message, against a direct AI SDK call', measure: measureFirstByte },
  streams: { title: 'Streams at once, 50 parts a second each', measure: measureStreams },
  catalogue: { title: 'The catalogue with 10,000 models and 1,000 teams', measure: measureCatalogue },
  cost: { title: 'What a call costs, against the price package', measure: measureCost },
  start: { title: 'Start to first healthy answer', measure: measureStart },
  memory: { title: 'Resident memory of the server', measure: measureMemory },
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !parts[name]);
if (unknown.length > 0) {
  process.stderr.write(
    `There is no part ${unknown.join(', ')}. Choose from ${Object.keys(parts).join(', ')}.\n`,
  );
  process.exit(2);
}

process.stdout.write(`AI Studio bench, ${new Date().toISOString()}\n${describeMachine()}, ${mode}\n`);
for (const [name, { title, measure }] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  printFigures(title, await measure());
}
process.exit(0); // the embedded database's thread and the AI SDK's connections are not waited for
