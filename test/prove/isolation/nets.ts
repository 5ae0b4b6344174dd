import { Database } from '../../../src/platform/database';
import type { TestApp } from '../../support/app';
import type { StatementTap } from './statements';
import { withoutTeamPredicates } from './team-predicates';

/** How much of the second net was really taken away. */
export interface Unfiltering {
  statements: number;
  predicates: number;
  /** Predicates that nobody understood: then the run proves nothing. */
  notUnderstood: Set<string>;
}

/** Takes the team out of every query of the application from now on; row-level security and keys remain. */
export function takeFiltersOff(tap: StatementTap): Unfiltering {
  const count: Unfiltering = { statements: 0, predicates: 0, notUnderstood: new Set() };
  tap.rewrite = (text, asTeam) => {
    if (!asTeam || !text.includes('team_id')) return text;
    try {
      const { text: unfiltered, removed } = withoutTeamPredicates(text);
      count.predicates += removed;
      if (removed > 0) count.statements += 1;
      return unfiltered;
    } catch (error) {
      count.notUnderstood.add(String(error));
      return text;
    }
  };
  return count;
}

/** Switches row-level security of every table off (or on again); roles, grants, queries and keys remain. */
export async function switchRowSecurity(
  app: TestApp,
  tap: StatementTap,
  to: 'disable' | 'enable',
): Promise<number> {
  const tables = await protectedTables(app, tap);
  await runAsOwner(
    app,
    tap,
    tables.map((table) => `alter table ${table} ${to} row level security`),
  );
  return tables.length;
}

/** Runs statements as the owner of the tables, in one transaction. */
export function runAsOwner(app: TestApp, tap: StatementTap, statements: string[]): Promise<void> {
  return tap.without(async () => {
    await app.nest.get(Database).pool.query(statements.join(';\n'));
  });
}

async function protectedTables(app: TestApp, tap: StatementTap): Promise<string[]> {
  const { rows } = await tap.without(() =>
    app.nest
      .get(Database)
      .pool.query<{ name: string }>(
        `select distinct tablename as name from pg_policies where schemaname = 'public' order by 1`,
      ),
  );
  return rows.map(({ name }) => name);
}
