import { Database } from '../../../src/platform/database';
import type { TestApp } from '../../support/app';
import type { StatementTap } from './statements';

interface Table {
  name: string;
  /** Columns that can be written, in order. */
  columns: string[];
  /** SQL condition: whether a row is the other team's or one of its people's. */
  isTheirs: string;
}

/** Checksums of a table: all of its rows, and those of the other team. */
interface Sums {
  all: string;
  theirs: string;
}

/** What the database held when it was taken: to compare with, and to go back to. */
export class State {
  private baseline = new Map<string, Sums>();

  private constructor(
    private readonly database: Database,
    private readonly tap: StatementTap,
    private readonly tables: Table[],
  ) {}

  /** @param teamId the other team */
  static async take(app: TestApp, tap: StatementTap, teamId: string): Promise<State> {
    const database = app.nest.get(Database);
    const state = new State(database, tap, await tap.without(() => listTables(database, teamId)));
    await state.keep();
    return state;
  }

  get size(): number {
    return this.tables.length;
  }

  /**
   * Puts every table back as it was, and names those in which a row of the other team was another one meanwhile, had
   * come, or was gone.
   */
  async restore(): Promise<string[]> {
    const now = await this.sums();
    const differs = (name: string, sum: keyof Sums) =>
      now.get(name)?.[sum] !== this.baseline.get(name)?.[sum];
    const changed = this.tables.filter(({ name }) => differs(name, 'all'));
    if (changed.length === 0) return [];
    await this.alone(changed.flatMap((table) => putBack(table)));
    return changed.map(({ name }) => name).filter((name) => differs(name, 'theirs'));
  }

  private async keep(): Promise<void> {
    await this.alone([
      'drop schema if exists proof cascade',
      'create schema proof',
      ...this.tables.map(
        ({ name, isTheirs }) =>
          `create table proof.${name} as select * from public.${name} order by (${isTheirs}) is true desc`,
      ),
      ...this.tables.flatMap((table) => putBack(table)),
    ]);
    this.baseline = await this.sums();
  }

  private sums(): Promise<Map<string, Sums>> {
    const sum = (name: string, rows: string) =>
      `(select md5(coalesce(string_agg(t::text, '|' order by t::text collate "C"), '')) from public.${name} t where ${rows})`;
    const statement = this.tables
      .map(
        ({ name, isTheirs }) =>
          `select '${name}' as name, ${sum(name, 'true')} as "all", ${sum(name, isTheirs)} as theirs`,
      )
      .join(' union all ');
    return this.tap.without(async () => {
      const { rows } = await this.database.pool.query<Sums & { name: string }>(statement);
      return new Map(rows.map(({ name, ...sums }) => [name, sums]));
    });
  }

  /** In one transaction, which a text of several statements is. Neither triggers nor foreign keys: rows come back as they were. */
  private alone(statements: string[]): Promise<void> {
    return this.tap.without(async () => {
      await this.database.pool.query(
        ["set local session_replication_role = 'replica'", ...statements].join(';\n'),
      );
    });
  }
}

/** The other team's rows first: a statement that forgets the team and takes one row takes theirs. */
function putBack({ name, columns }: Table): string[] {
  const all = columns.join(', ');
  return [
    `delete from public.${name}`,
    `insert into public.${name} (${all}) select ${all} from proof.${name}`,
  ];
}

async function listTables(database: Database, teamId: string): Promise<Table[]> {
  const { rows } = await database.pool.query<{ name: string; columns: string[]; all: string[] }>(`
    select c.relname as name, json_agg(quote_ident(a.attname) order by a.attnum) filter (where a.attgenerated = '') as columns,
           json_agg(a.attname) as "all"
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> 'schema_migration'
     group by 1 order by 1`);
  const people = `select user_id from public.team_member where team_id = '${teamId}'`;
  return rows.map(({ name, columns, all }) => {
    if (all.includes('team_id')) return { name, columns, isTheirs: `team_id = '${teamId}'` };
    if (name === 'team') return { name, columns, isTheirs: `id = '${teamId}'` };
    if (name === 'auth_user') return { name, columns, isTheirs: `id in (${people})` };
    return { name, columns, isTheirs: all.includes('user_id') ? `user_id in (${people})` : 'false' };
  });
}
