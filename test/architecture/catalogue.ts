import type { DataSource } from 'typeorm';

/** One column, as an entity declares it and as the database has it. */
export interface ColumnShape {
  table: string;
  column: string;
  type: string;
  nullable: boolean;
  /** Position in the primary key, from 1. */
  key: number | null;
}

/** What the entities say. */
export function declaredColumns(dataSource: DataSource): ColumnShape[] {
  return dataSource.entityMetadatas.flatMap((entity) =>
    entity.columns.map((column) => {
      const position = entity.primaryColumns.indexOf(column);
      return {
        table: entity.tableName,
        column: column.databaseName,
        type: dataSource.driver.normalizeType(column),
        nullable: column.isNullable,
        key: position < 0 ? null : position + 1,
      };
    }),
  );
}

/** What the tables of the database have, in the schema `public`. */
export function storedColumns(dataSource: DataSource): Promise<ColumnShape[]> {
  return dataSource.query<ColumnShape[]>(`
    select table_name as "table", c.column_name as "column", c.data_type as "type", c.is_nullable = 'YES' as "nullable",
           array_position(p.conkey, c.ordinal_position::smallint) as "key"
      from information_schema.columns c
      join information_schema.tables t using (table_schema, table_name)
      left join pg_constraint p on p.contype = 'p' and p.conrelid = format('public.%I', table_name)::regclass
     where table_schema = 'public' and t.table_type = 'BASE TABLE'
  `);
}

/** Views show what lies behind them with the rights of whoever looks, if they are made so. */
export function listViews(dataSource: DataSource): Promise<{ view: string; options: string[] | null }[]> {
  return dataSource.query(`
    select relname as "view", reloptions as options from pg_class
     where relnamespace = 'public'::regnamespace and relkind in ('v', 'm') order by 1`);
}

/** A table, with what protects it. */
export interface TableProtection {
  table: string;
  hasTeam: boolean;
  /** Row-level security is enabled, and binds the owner too. */
  enabled: boolean;
  forced: boolean;
  /** Columns of the primary key and of other indexes, in order. */
  primaryKey: string[];
  policies: {
    roles: string[];
    permissive: boolean;
    command: string;
    using: string | null;
    check: string | null;
  }[];
  /** To tables that have a team themselves; pairs of columns `here=there`. */
  teamReferences: { table: string; pairs: string[] }[];
}

export function listTables(dataSource: DataSource): Promise<TableProtection[]> {
  return dataSource.query<TableProtection[]>(`
    with tables as (
      select c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity,
             exists (select from pg_attribute where attrelid = c.oid and attname = 'team_id' and not attisdropped) as has_team
        from pg_class c
       where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
    )
    select t.relname as "table", t.has_team as "hasTeam", t.relrowsecurity as enabled, t.relforcerowsecurity as forced,
      coalesce((select json_agg(a.attname order by k.position)
         from pg_index i, unnest(i.indkey::smallint[]) with ordinality as k(number, position), pg_attribute a
        where i.indrelid = t.oid and i.indisprimary and a.attrelid = t.oid and a.attnum = k.number), '[]') as "primaryKey",
      coalesce((select json_agg(json_build_object('roles', roles, 'permissive', permissive = 'PERMISSIVE', 'command', cmd, 'using', qual, 'check', with_check) order by policyname)
         from pg_policies where schemaname = 'public' and tablename = t.relname), '[]') as policies,
      coalesce((select json_agg(json_build_object('table', there.relname, 'pairs',
          (select json_agg(a.attname || '=' || b.attname order by k.position)
             from unnest(f.conkey, f.confkey) with ordinality as k(here, there, position)
             join pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.here
             join pg_attribute b on b.attrelid = f.confrelid and b.attnum = k.there)) order by f.conname)
         from pg_constraint f join tables there on there.oid = f.confrelid and there.has_team
        where f.contype = 'f' and f.conrelid = t.oid), '[]') as "teamReferences"
      from tables t order by t.relname
  `);
}

/**
 * What is wrong with the tables that have a team and that the application can reach: each holds row-level security that
 * binds the owner too, one policy that names the team, a primary key that the team leads, and references that cannot
 * leave the team.
 */
export async function findTeamFaults(dataSource: DataSource): Promise<string[]> {
  const reachable = await listPrivileges(dataSource, 'ai_studio_app');
  const tables = (await listTables(dataSource)).filter(({ table, hasTeam }) => hasTeam && reachable[table]);
  return tables.flatMap(({ table, enabled, forced, primaryKey, policies, teamReferences }) => [
    ...(enabled ? [] : [`${table}: row-level security is not enabled`]),
    ...(forced ? [] : [`${table}: row-level security does not bind the owner`]),
    ...(isIsolated(policies) ? [] : [`${table}: the application is not held to its team by one policy`]),
    ...(primaryKey[0] === 'team_id' ? [] : [`${table}: the primary key does not begin with team_id`]),
    ...teamReferences
      .filter(({ pairs }) => !pairs.includes('team_id=team_id'))
      .map((reference) => `${table}: the reference to ${reference.table} may lead to another team`),
  ]);
}

/** Permissive policies add up: the application may have one, for reading and writing alike. Restrictive ones only narrow it. */
function isIsolated(policies: TableProtection['policies']): boolean {
  const own = policies.filter(
    (policy) =>
      policy.permissive && (policy.roles.includes('ai_studio_app') || policy.roles.includes('public')),
  );
  const [policy] = own;
  if (!policy || own.length > 1) return false;
  const namesTeam = /^\(\(?team_id = \( SELECT \(NULLIF\(current_setting\('app\.team_id'/.test(
    policy.using ?? '',
  );
  const alternatives = / OR /.test(policy.using ?? '');
  return namesTeam && !alternatives && policy.command === 'ALL' && policy.check === policy.using;
}

/** Each privilege of a role on a table, `select(a,b)` where it is for some columns only, in the order of the alphabet. */
export async function listPrivileges(
  dataSource: DataSource,
  role: string,
): Promise<Record<string, string[]>> {
  const rows = await dataSource.query<{ table: string; privilege: string; columns: string[] | null }[]>(
    `
    select c.relname as "table", p.privilege,
           case when has_table_privilege($1, c.oid, p.privilege) then null else
             array(select a.attname::text from pg_attribute a
                    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                      and p.by_column and has_column_privilege($1, c.oid, a.attnum, p.privilege)
                    order by 1) end as columns
      from pg_class c,
           (values ('select', true), ('insert', true), ('update', true), ('references', true),
                   ('delete', false), ('truncate', false), ('trigger', false)) as p(privilege, by_column)
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
     order by 1, 2
    `,
    [role],
  );
  const privileges: Record<string, string[]> = {};
  for (const { table, privilege, columns } of rows) {
    if (columns?.length === 0) continue;
    (privileges[table] ??= []).push(columns ? `${privilege}(${columns.join(',')})` : privilege);
  }
  return privileges;
}

/** All that a migration can make, as text: compared before and after. */
export async function describeSchema(dataSource: DataSource): Promise<unknown> {
  const [constraints, indexes, routines] = await Promise.all([
    dataSource.query(
      `select conrelid::regclass::text as "table", conname, pg_get_constraintdef(oid) as definition from pg_constraint
        where connamespace = 'public'::regnamespace order by 1, 2`,
    ),
    dataSource.query(`select indexdef from pg_indexes where schemaname = 'public' order by 1`),
    dataSource.query(
      `select pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace order by 1`,
    ),
  ]);
  const columns = await dataSource.query(
    `select table_name, column_name, data_type, is_nullable, column_default from information_schema.columns
      where table_schema = 'public' order by 1, 2`,
  );
  const triggers = await dataSource.query(
    `select pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = t.tgrelid
      where c.relnamespace = 'public'::regnamespace and not t.tgisinternal order by 1`,
  );
  const tables = await listTables(dataSource);
  const privileges: Record<string, unknown> = {};
  for (const role of roles) privileges[role] = await listPrivileges(dataSource, role);
  return { columns, constraints, indexes, routines, triggers, tables, privileges };
}

/** The roles that the application takes inside its transactions. */
export const roles = ['ai_studio_app', 'ai_studio_platform', 'ai_studio_maintenance'];
