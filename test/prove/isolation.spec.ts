import { Database } from '../../src/platform/database';
import { findTeamFaults, listPrivileges, listTables } from '../architecture/catalogue';
import { randomAttempt, rightCall, systematic, type Attempt } from './isolation/attempts';
import { findBareColumns } from './isolation/canaries';
import type { Credential } from './isolation/credentials';
import { listAllDoors } from './isolation/doors';
import { removeFilters, removeGuards, removeKeys, removePolicies, type Mutant } from './isolation/mutants';
import { switchRowSecurity, takeFiltersOff } from './isolation/nets';
import { findBreach, listProbes } from './isolation/probes';
import { random, shuffle } from './isolation/random';
import { prepareRange, type Range } from './isolation/range';
import { recipes, type Recipe } from './isolation/recipes';
import { Trial, type Outcome } from './isolation/trial';
import { attempts, publish, seed } from './proof';

jest.setTimeout(7_200_000);

describe('a team', () => {
  const next = random(seed);
  let range: Range;
  let credentials: Credential[];

  beforeAll(async () => {
    range = await prepareRange();
    credentials = Object.keys(range.askers) as Credential[];
  });

  afterAll(() => range?.close());

  it('is asked for at every door: each has a recipe, and each recipe a door', () => {
    const described = [...new Set(recipes.map(({ door }) => door))].toSorted();
    expect(described).toEqual(listAllDoors(range.app, range.routes));
  });

  it('has a canary in every text of its tables', async () => {
    expect(await findBareColumns(range.app, range.tap, range.worlds.theirs.team)).toEqual([]);
  });

  it('keeps its tables protected', async () => {
    const { dataSource } = range.app.nest.get(Database);
    const { faults, tables } = await range.tap.without(async () => {
      const reachable = await listPrivileges(dataSource, 'ai_studio_app');
      const all = (await listTables(dataSource)).filter(({ table, hasTeam }) => hasTeam && reachable[table]);
      return { faults: await findTeamFaults(dataSource), tables: all.length };
    });
    publish({ name: 'tables of teams that lack a protection', found: faults.length, of: tables, aim: 0 });
  });

  it('opens each of its own doors, through which nothing of another is seen or changed', async () => {
    const outcomes = await callRightly(recipes);
    const wrong = outcomes.flatMap(({ attempt: { recipe }, status, print, problems }) => {
      const isRight = recipe.refused === undefined ? status < 400 : status >= 300;
      return isRight ? problems : [...problems, `${recipe.door} answers ${print.slice(0, 500)}`];
    });
    expect(wrong).toEqual([]);
  });

  it('shows nothing to another, and lets it change nothing, whatever it asks for and however', async () => {
    await expectNoReach("Another team's data read or changed", { short: 100, long: 11_000 });
  });

  describe('with row-level security and keys alone', () => {
    let outcomes: Outcome[];

    afterEach(() => {
      range.tap.rewrite = undefined;
    });

    it('shows nothing to another, and lets it change nothing', async () => {
      const off = takeFiltersOff(range.tap);
      outcomes = await callRightly(some(40)(recipes));
      const count = { short: 40, long: 5_000 };
      outcomes.push(
        ...(await expectNoReach("Another team's data read or changed, query filters off", count)),
      );
      expect([...off.notUnderstood]).toEqual([]);
      expect(off.predicates).toBeGreaterThanOrEqual(off.statements);
      publish({
        name: 'Statements that ran without the predicates on the team that they have',
        found: off.statements,
        of: off.statements,
        aim: 'all',
      });
    });

    it('refuses the application role what no service asks of it', async () => {
      const probes = await listProbes(range);
      const breaches = [];
      for (const probe of probes) breaches.push(await findBreach(range, probe));
      const found = breaches.filter((breach) => breach !== undefined);
      report(found);
      publish({
        name: 'Statements of the application role that reach another team',
        found: found.length,
        of: probes.length,
        aim: 0,
      });
    });

    it('is missed, policy by policy', async () => {
      const off = takeFiltersOff(range.tap);
      const mutants = await removePolicies(range, await listProbes(range), outcomes, some(8));
      expect(off.predicates).toBeGreaterThan(0);
      publishMutants('Policies opened, and noticed', mutants);
    });

    it('is missed, key by key', async () => {
      publishMutants('Composite keys dropped, and noticed', await removeKeys(range, await listProbes(range)));
    });
  });

  describe('with query filters and keys alone', () => {
    let outcomes: Outcome[];

    beforeAll(() => switchRowSecurity(range.app, range.tap, 'disable'));
    afterAll(() => switchRowSecurity(range.app, range.tap, 'enable'));

    it('shows nothing to another, and lets it change nothing', async () => {
      outcomes = await callRightly(some(60)(recipes));
      const count = { short: 40, long: 5_000 };
      outcomes.push(
        ...(await expectNoReach("Another team's data read or changed, row-level security off", count)),
      );
    });

    it('is missed, statement by statement', async () => {
      publishMutants('Query filters removed, and noticed', await removeFilters(range, outcomes, some(8)));
    });
  });

  it('guards each door: whoever is too low for one is let in once its permission is lowered', async () => {
    publishMutants('Permissions lowered, and noticed', await removeGuards(range, recipes, some(40)));
  });

  /** Recipes as they are meant, each from the same state of the database. */
  async function callRightly(list: Recipe[]): Promise<Outcome[]> {
    const trial = new Trial(range);
    const outcomes: Outcome[] = [];
    await range.state.restore();
    for (const recipe of list) {
      const outcome = await trial.run(rightCall(recipe, recipe.by ?? 'admin'));
      // A refusal may be in the audit log; what was done is undone already.
      const more = outcome.status < 300 && recipe !== list.at(-1) ? [] : await trial.endBatch();
      outcomes.push({ ...outcome, problems: [...outcome.problems, ...more] });
    }
    return outcomes;
  }

  async function expectNoReach(name: string, count: { short: number; long: number }): Promise<Outcome[]> {
    const trial = new Trial(range);
    const outcomes: Outcome[] = [];
    for (const attempt of choose(attempts(count))) outcomes.push(await trial.run(attempt));
    const problems = [...outcomes.flatMap((outcome) => outcome.problems), ...(await trial.endBatch())];
    report(problems);
    process.stdout.write(
      `${trial.passing} of ${trial.count} differed once, in what else ran at that moment\n`,
    );
    publish({ name, found: problems.length, of: trial.count, aim: 0 });
    return outcomes;
  }

  /** The systematic attempts, or some of them; beyond them random ones. */
  function choose(count: number): Attempt[] {
    const all = shuffle([...systematic(recipes, credentials)], next).slice(0, count);
    const more = Array.from({ length: count - all.length }, () => randomAttempt(recipes, credentials, next));
    return [...all, ...more];
  }

  /** All of them in the long form. */
  function some(short: number) {
    return <T>(all: T[]): T[] => shuffle(all, next).slice(0, attempts({ short, long: all.length }));
  }

  function publishMutants(name: string, mutants: Mutant[]): void {
    const noticed = mutants.filter(({ noticedBy }) => noticedBy !== undefined);
    report(
      mutants
        .filter(({ noticedBy }) => noticedBy === undefined)
        .map((mutant) => `not noticed: ${mutant.name}`),
    );
    publish({ name, found: noticed.length, of: mutants.length, aim: 'all' });
  }
});

/** What was found, before a figure says that it was. */
function report(findings: string[]): void {
  if (findings.length > 0) process.stdout.write(`${findings.join('\n')}\n`);
}
