import { appendFileSync } from 'node:fs';

/**
 * How thoroughly a proof runs. Every proof is a Jest suite in this folder: `npm test` runs its short form, with a fixed
 * seed; `npm run prove:<name>` its long form, with a seed of its own that is printed and can be given again
 * (`npm run prove:<name> -- --seed 7`).
 */
const long = process.env.PROVE === 'long';

/** Feeds every random choice of a proof: the same seed makes the same attempts. */
export const seed = Number(process.env.PROVE_SEED ?? 1);

/** The database that it runs on. */
export const mode = process.env.DATABASE_URL ? 'PostgreSQL' : 'embedded';

/** How many attempts to make. */
export function attempts(count: { short: number; long: number }): number {
  return long ? count.long : count.short;
}

/** For what only the long form does: `describe.skip` in the short one. */
export const describeLong: typeof describe = long ? describe : describe.skip;

/** One figure for `docs/figures.md`. */
export interface Figure {
  /** What was counted: "Rows of another team that were read or changed". */
  name: string;
  /** How many times it was found. */
  found: number;
  /** Among how many attempts. */
  of: number;
  /** What `found` has to be; `all` where it has to be `of`. */
  aim: number | 'all';
}

/**
 * Holds a figure against its aim, and reports it: on standard output and, where `PROVE_REPORT` names a file, as a line
 * of JSON there, of which `npm run prove:*` makes its table. Report before you assert anything else about it.
 */
export function publish(figure: Figure): void {
  const { name, found, of, aim } = figure;
  process.stdout.write(`${name}: ${found} of ${of} (aim: ${aim}; ${mode}, seed ${seed})\n`);
  if (process.env.PROVE_REPORT)
    appendFileSync(process.env.PROVE_REPORT, `${JSON.stringify({ ...figure, mode, seed })}\n`);
  expect({ name, found }).toEqual({ name, found: aim === 'all' ? of : aim });
  expect(of).toBeGreaterThan(0);
}
