import { Database } from '../../../src/platform/database';
import type { TestApp } from '../../support/app';
import type { StatementTap } from './statements';
import { canary } from './teams';

/** Who belongs to a team, is invited or has a key of it may see it: a copy would let them in. */
const whoMaySee = ['team_member', 'team_invitation', 'api_key'];

/** A column of a table that has a team. */
interface Column {
  table: string;
  column: string;
  type: string;
  /** In the primary key or another unique index. */
  isKey: boolean;
  /** A closed vocabulary, a reference to a global table, or computed from others: it can hold no text of one's own. */
  isClosed: boolean;
}

/**
 * Gives the other team rows with the very ids of ours, which the composite keys allow, and a canary in each text: a
 * statement that forgets the team then meets two rows instead of one. What API and copies leave without a canary gets a
 * row of its own.
 */
export async function plantCanaries(
  app: TestApp,
  tap: StatementTap,
  ours: string,
  theirs: string,
): Promise<void> {
  const columns = await listColumns(app, tap);
  const tables = Map.groupBy(columns, ({ table }) => table);
  const copies = [...tables].flatMap(([table, own]) =>
    whoMaySee.includes(table) ? [] : [copy(table, own, ours, theirs)],
  );
  await run(app, tap, copies);
  await run(app, tap, [
    `update team_member set role = '${canary}' where team_id = '${theirs}' and role = 'member'`,
  ]);
  const bare = await findBareColumns(app, tap, theirs);
  const lacking = new Set(bare.map((name) => name.split('.')[0] ?? ''));
  await run(
    app,
    tap,
    [...lacking].map((table) => copy(table, tables.get(table) ?? [], theirs, theirs, bare)),
  );
}

/** `table.column` of each text of a team's tables in which the other team has no canary. */
export async function findBareColumns(app: TestApp, tap: StatementTap, theirs: string): Promise<string[]> {
  const open = (await listColumns(app, tap)).filter(({ type, isClosed }) => isText(type) && !isClosed);
  if (open.length === 0) throw new Error('Tables of teams have texts.');
  const found = open.map(
    ({ table, column }) =>
      `select '${table}.${column}' as name where not exists (
         select from ${table} where team_id = '${theirs}' and ${column}::text like '%${canary}%')`,
  );
  const rows = await query<{ name: string }>(app, tap, found.join(' union all '));
  return rows.map(({ name }) => name);
}

/** Copies of all rows with their keys, or, where `bare` names columns that need a canary, one row with keys of its own. */
function copy(table: string, columns: Column[], from: string, to: string, bare?: string[]): string {
  const stored = columns.filter(({ type }) => type !== 'generated');
  const values = stored.map((column) => valueOf(column, to, bare));
  return `insert into ${table} (${stored.map(({ column }) => column).join(', ')})
    select ${values.join(', ')} from ${table} where team_id = '${from}' ${bare ? 'limit 1' : ''} on conflict do nothing`;
}

function valueOf(
  { table, column, type, isKey, isClosed }: Column,
  team: string,
  bare: string[] | undefined,
): string {
  if (column === 'team_id') return `'${team}'`;
  if (column === 'is_default') return 'false';
  if (bare && column === 'id') return 'gen_random_uuid()';
  if (!isText(type) || isClosed || (!bare && (isKey || column === 'model_ref'))) return column; // what rows are looked for by
  const note = `coalesce(${column}, '{}') || jsonb_build_object('note', '${canary}')`; // a list gets one more item
  const text = type === 'jsonb' ? note : `'${canary} ' || gen_random_uuid()`;
  return bare?.includes(`${table}.${column}`) ? text : `case when ${column} is not null then ${text} end`;
}

function isText(type: string): boolean {
  return type === 'text' || type === 'jsonb';
}

function listColumns(app: TestApp, tap: StatementTap): Promise<Column[]> {
  return query<Column>(
    app,
    tap,
    `select c.relname as "table", a.attname as "column",
            case when a.attgenerated <> '' then 'generated' else format_type(a.atttypid, null) end as type,
            exists (select from pg_index i where i.indrelid = c.oid and i.indisunique and a.attnum = any(i.indkey)) as "isKey",
            a.attgenerated <> '' or exists (
              select from pg_constraint k
               where k.conrelid = c.oid and a.attnum = any(k.conkey)
                 and (k.contype = 'f' or (k.contype = 'c' and pg_get_constraintdef(k.oid) like '%= ANY (ARRAY[%'))) as "isClosed"
       from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
        and exists (select from pg_attribute where attrelid = c.oid and attname = 'team_id')
      order by c.oid, a.attnum`,
  );
}

/** Without triggers and foreign keys, in one transaction. */
function run(app: TestApp, tap: StatementTap, statements: string[]): Promise<unknown> {
  return query(app, tap, ["set local session_replication_role = 'replica'", ...statements].join(';\n'));
}

function query<Row extends object>(app: TestApp, tap: StatementTap, statement: string): Promise<Row[]> {
  return tap.without(async () => (await app.nest.get(Database).pool.query<Row>(statement)).rows);
}
