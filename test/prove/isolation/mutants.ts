import { permissions, type Permission } from '../../../src/identity';
import { Database } from '../../../src/platform/database';
import { listGuards, type Guard } from '../../architecture/routes';
import { Client } from '../../support/client';
import { hasForeign, systematic } from './attempts';
import { runAsOwner } from './nets';
import { findBreach, listCompositeKeys, type Probe } from './probes';
import { forgetAll, type Range } from './range';
import type { Recipe } from './recipes';
import { send } from './send';
import { fill } from './slots';
import { toKey } from './statements';
import { withoutTeamPredicates } from './team-predicates';
import { Trial, type Outcome } from './trial';

/** A protection that was taken away, and by what that was noticed; nothing, if it was not. */
export interface Mutant {
  name: string;
  noticedBy: string | undefined;
}

/** Statements whose predicate on the team nothing can miss, each with the reason. */
const redundant = [
  { statement: /^UPDATE "ai_execution" SET/, because: 'the id was made by this very call' },
  { statement: /^UPDATE "chat_message" SET/, because: 'the id was made by this very call' },
  {
    statement: /FROM "chat_message".*"instance_id" != /,
    because: 'it finds an answer that another process gives, and here is one process',
  },
  {
    statement: /^update chat_message set client_id = \$4/,
    because: 'the id was made by this very call',
  },
  {
    statement: /^SELECT COUNT\(1\) AS "cnt" FROM "chat_folder"/,
    because: 'it only counts, and two hundred folders would tell',
  },
  {
    statement: /^SELECT 1 AS "row_exists".* FROM "chat_message"/,
    because: 'the id was made by this very call',
  },
  {
    statement: /^\s*select\s+message\.id,[^]*\bfrom \(\s*select id, status, instance_id/,
    because: "the conversation was read, under the team, just before, and its id is nobody else's",
  },
  { statement: /^\s*insert into chat_context/, because: 'the id was made by this very call' },
  {
    statement: /^\s*update api_key set last_used_at/,
    because: 'the key was found by its secret, and says itself whose it is',
  },
  { statement: /^\s*with owner as \(/, because: 'the id was made by this very call' },
  {
    statement: /^DELETE FROM "api_key"/,
    because: 'the key was read and locked, under the team, just before',
  },
];

/** At most so many attempts are made to notice one mutant. */
const enough = 80;

/** Who asks in vain at a door that asks for this, and which lesser permission lets them in. */
const lesser: Record<string, { permission: Permission; as: 'admin' | 'member' | 'nobody' }> = {
  platformAdmin: { permission: 'agents.read', as: 'admin' },
  anyAdmin: { permission: 'health.read', as: 'nobody' }, // which admin, the service decides: members it refuses itself
  admin: { permission: 'agents.read', as: 'member' },
  member: { permission: 'health.read', as: 'nobody' },
};

/** Lowers the permission of each door, one at a time: whoever was too low for it must then be answered otherwise. */
export async function removeGuards(
  range: Range,
  recipes: Recipe[],
  pick: <T>(all: T[]) => T[],
): Promise<Mutant[]> {
  const mutants: Mutant[] = [];
  for (const guard of pick(listGuards(range.app.nest))) {
    const low = lesser[permissions[guard.permission]];
    const recipe = recipes.find(({ door }) => door === guard.door);
    if (!low || !recipe) continue; // public
    const knock = () => isRefused(range, recipe, low.as);
    if (!(await knock())) throw new Error(`${guard.door} lets ${low.as} in.`);
    mutants.push({
      name: `permission of ${guard.door}`,
      noticedBy: await withPermission(guard, low.permission, knock),
    });
    await range.state.restore();
  }
  return mutants;
}

async function withPermission(
  guard: Guard,
  permission: Permission,
  knock: () => Promise<boolean>,
): Promise<string | undefined> {
  guard.replace(permission);
  try {
    return (await knock()) ? undefined : 'a call of somebody too low';
  } finally {
    guard.replace(guard.permission);
  }
}

/** Whether the guard itself says no: with its words, before anything else is looked at. */
async function isRefused(
  range: Range,
  { door, input }: Recipe,
  as: 'admin' | 'member' | 'nobody',
): Promise<boolean> {
  const { app, askers } = range;
  const asker = askers[as === 'admin' ? 'admin' : 'member'];
  const client = as === 'nobody' ? new Client(app.url, undefined, asker.ids.team) : asker.client;
  forgetAll(range);
  const { text } = await send(client, {
    door,
    input: fill(input, ({ spellings: [spell] }) => spell?.(range.never.theirs, range.never.theirs) ?? ''),
  });
  return as === 'nobody'
    ? text.includes('Sign in and send the session')
    : text.includes('"details":{"permission":');
}

/** Opens each policy of the application, for reading and for writing, with the query filters off. */
export async function removePolicies(
  range: Range,
  probes: Probe[],
  outcomes: Outcome[],
  pick: <T>(all: T[]) => T[],
): Promise<Mutant[]> {
  const { rows } = await range.tap.without(() =>
    poolOf(range).query<{ table: string; name: string; using: string; check: string }>(
      `select tablename as "table", policyname as name, qual as using, with_check as "check" from pg_policies
        where schemaname = 'public' and 'ai_studio_app' = any(roles) order by 1, 2`,
    ),
  );
  const mutants: Mutant[] = [];
  const all = rows.flatMap((policy) => (['using', 'check'] as const).map((part) => ({ ...policy, part })));
  for (const { table, name, using, check, part } of pick(all)) {
    const open = `alter policy ${name} on ${table} using (${part === 'using' ? 'true' : using}) with check (${part === 'check' ? 'true' : check})`;
    const shut = `alter policy ${name} on ${table} using (${using}) with check (${check})`;
    await runAsOwner(range.app, range.tap, [open]);
    const noticed = [
      part === 'using' ? await noticeByAttempts(range, outcomes.filter(uses(table))) : undefined,
      await noticeByProbes(
        range,
        probes.filter((probe) => probe.table === table),
      ),
    ].filter(Boolean);
    await runAsOwner(range.app, range.tap, [shut]);
    await range.state.restore();
    mutants.push({ name: `policy ${name} of ${table}, ${part}`, noticedBy: noticed.join('; ') || undefined });
  }
  return mutants;
}

/** Drops each composite key. */
export async function removeKeys(range: Range, probes: Probe[]): Promise<Mutant[]> {
  const mutants: Mutant[] = [];
  for (const { name, table } of await range.tap.without(() => listCompositeKeys(range))) {
    const { rows } = await range.tap.without(() =>
      poolOf(range).query<{ definition: string }>(
        `select pg_get_constraintdef(oid) as definition from pg_constraint where conname = $1`,
        [name],
      ),
    );
    await runAsOwner(range.app, range.tap, [`alter table ${table} drop constraint ${name}`]);
    const noticedBy = await noticeByProbes(
      range,
      probes.filter(({ aim }) => aim === name),
    );
    await runAsOwner(range.app, range.tap, [
      `alter table ${table} add constraint ${name} ${rows[0]?.definition ?? ''}`,
    ]);
    mutants.push({ name: `key ${name}`, noticedBy });
  }
  return mutants;
}

/** Takes the team out of each statement of the right calls that names it, one at a time, with row-level security off. */
export async function removeFilters(
  range: Range,
  outcomes: Outcome[],
  pick: <T>(all: T[]) => T[],
): Promise<Mutant[]> {
  const right = outcomes.filter(({ attempt }) => !hasForeign(attempt));
  const statements = [...new Set(right.flatMap((outcome) => outcome.statements))]
    .filter((text) => text.includes('team_id') && withoutTeamPredicates(text).removed > 0)
    .filter((text) => !redundant.some(({ statement }) => statement.test(text)))
    .toSorted();
  const mutants: Mutant[] = [];
  for (const statement of pick(statements)) {
    const users = outcomes.filter((outcome) => outcome.statements.includes(statement));
    range.tap.rewrite = (text) => (toKey(text) === statement ? withoutTeamPredicates(text).text : text);
    const noticedBy = await noticeByAttempts(range, users).finally(() => {
      range.tap.rewrite = undefined;
    });
    await range.state.restore();
    mutants.push({ name: `filter of ${statement.replace(/\s+/g, ' ')}`, noticedBy });
  }
  return mutants;
}

/**
 * Makes attempts until one differs: right calls first, since a copy of each own row waits for them in the other team;
 * then, at the same doors, all that ask for something of the other team.
 */
async function noticeByAttempts(range: Range, outcomes: Outcome[]): Promise<string | undefined> {
  const trial = new Trial(range);
  const right = outcomes.filter(({ attempt }) => !hasForeign(attempt));
  for (const { attempt, print } of right.slice(0, enough)) {
    await range.state.restore();
    const again = await trial.run(attempt);
    const problems = [...again.problems, ...(await trial.endBatch())];
    if (problems.length > 0) return problems[0];
    if (again.print !== print)
      return `another answer to a right call: ${attempt.recipe.door} ${again.status}`;
  }
  const used = [...new Set(outcomes.map(({ attempt }) => attempt.recipe))];
  const foreign = [...systematic(used, ['admin'])].filter(
    (attempt) => hasForeign(attempt) && attempt.header === 'own',
  );
  for (const attempt of foreign.slice(0, enough)) {
    const { problems } = await trial.run(attempt);
    if (problems.length > 0) return problems[0];
  }
  return (await trial.endBatch())[0];
}

async function noticeByProbes(range: Range, probes: Probe[]): Promise<string | undefined> {
  for (const probe of probes) {
    const breach = await findBreach(range, probe);
    if (breach) return breach;
  }
  return undefined;
}

function uses(table: string) {
  const name = new RegExp(String.raw`\b${table}\b`);
  return ({ statements }: Outcome) => statements.some((text) => name.test(text));
}

function poolOf(range: Range) {
  return range.app.nest.get(Database).pool;
}
