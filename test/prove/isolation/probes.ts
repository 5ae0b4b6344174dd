import { toTeamId, toUserId, type TeamId, type UserId } from '@kdx/shared';
import { instanceChain } from '../../../src/platform/audit';
import { Database, TeamTransaction } from '../../../src/platform/database';
import { listPrivileges, listTables } from '../../architecture/catalogue';
import type { Range } from './range';

/** A statement that the application role tries in a team's transaction, past every service and repository. */
export interface Probe {
  /** What it aims at: a table's policy (`ai_agent using`), or a composite key. */
  aim: string;
  table: string;
  statement: string;
  scope: { teamId: TeamId; userId: UserId };
  /** `nothing`: it finds no row; otherwise the SQLSTATE with which the database refuses it. */
  expected: 'nothing' | '42501' | '23503';
}

interface ForeignKey {
  name: string;
  table: string;
  columns: string[];
  parent: string;
  parentColumns: string[];
}

/** Every table of a team × {read, update, delete, insert into the other team, move there}, and every composite key. */
export async function listProbes(range: Range): Promise<Probe[]> {
  const { dataSource } = range.app.nest.get(Database);
  const { tables, privileges, keys, columns } = await range.tap.without(async () => ({
    tables: await listTables(dataSource),
    privileges: await listPrivileges(dataSource, 'ai_studio_app'),
    keys: await listCompositeKeys(range),
    columns: await listInsertable(range),
  }));
  const ours = range.askers.admin.ids;
  const scope = { teamId: toTeamId(ours.team), userId: toUserId(ours.user) };
  const theirs = range.worlds.theirs.team;
  const ofTables = tables
    .filter(({ table, hasTeam }) => hasTeam && privileges[table])
    .flatMap(({ table }) => {
      const may = (privilege: string) => privileges[table]?.includes(privilege);
      const make = (aim: string, statement: string, expected: Probe['expected']): Probe => ({
        aim: `${table} ${aim}`,
        table,
        statement,
        scope,
        expected,
      });
      const own = columns.get(table) ?? [];
      const values = own.map((column) => {
        if (column === 'team_id') return `'${theirs}'::uuid`;
        return column === 'id' ? 'gen_random_uuid()' : column; // a trigger may refuse one that is there, before the policy
      });
      return [
        make('using', `select from ${table} where team_id = '${theirs}'`, 'nothing'),
        ...(may('update')
          ? [
              make('using', `update ${table} set team_id = team_id where team_id = '${theirs}'`, 'nothing'),
              make(
                'check',
                `update ${table} set team_id = '${theirs}' where team_id = '${ours.team}'`,
                '42501',
              ),
            ]
          : []),
        ...(may('delete')
          ? [make('using', `delete from ${table} where team_id = '${theirs}'`, 'nothing')]
          : []),
        make(
          'check',
          `insert into ${table} (${own.join(', ')}) select ${values.join(', ')} from ${table} where team_id = '${ours.team}' limit 1`,
          '42501',
        ),
      ];
    });
  return [
    ...ofTables,
    ...ofUsers(range, scope),
    ...keys.map((key) => ofKey(range, key, columns.get(key.table) ?? [])),
  ];
}

/** What a probe did that it must not; `undefined` where it was refused as it ought to be. Nothing of it stays. */
export async function findBreach(
  range: Range,
  { aim, statement, scope, expected }: Probe,
): Promise<string | undefined> {
  const rollBack = new Error('nothing of a probe stays');
  let found = 0;
  const outcome = await range.tap
    .without(() =>
      range.app.nest.get(TeamTransaction).run(scope, async (manager) => {
        const result: unknown = await manager.query(
          `with probe as (${returning(statement)}) select count(*)::int as n from probe`,
        );
        found = (result as { n: number }[])[0]?.n ?? 0;
        throw rollBack;
      }),
    )
    .catch((error: unknown) => error);
  const state = outcome === rollBack ? 'done' : String((outcome as { code?: unknown }).code);
  if (expected === 'nothing' ? outcome === rollBack && found === 0 : state === expected) return undefined;
  return `${aim}: ${state}, ${found} rows, of ${statement.slice(0, 300)}`;
}

/** Restrictive policies: a user's own texts, and the instance's chain. */
function ofUsers(range: Range, scope: Probe['scope']): Probe[] {
  const member = range.askers.member.ids.user;
  const texts = { table: 'ai_prompt_text', scope };
  const chain = { table: 'audit_event', scope: { ...scope, teamId: instanceChain } };
  return [
    {
      ...texts,
      aim: 'ai_prompt_text own_texts',
      statement: `select from ai_prompt_text where user_id = '${member}'`,
      expected: 'nothing',
    },
    {
      ...texts,
      aim: 'ai_prompt_text own_texts check',
      statement: `insert into ai_prompt_text (team_id, id, user_id, sha256, text, created_at) values ('${scope.teamId}', gen_random_uuid(), '${member}', 'x', 'x', now())`,
      expected: '42501',
    },
    {
      ...chain,
      aim: 'audit_event not_the_instance',
      statement: 'select from audit_event',
      expected: 'nothing',
    },
    {
      ...chain,
      aim: 'audit_event not_the_instance check',
      statement: `insert into audit_event (team_id, event) values ('${instanceChain}', '{"at": "", "action": "x.y", "outcome": "done", "target": {"type": "x"}}')`,
      expected: '42501',
    },
  ];
}

/** An own child of the other team's parent. */
function ofKey(
  range: Range,
  { name, table, columns, parent, parentColumns }: ForeignKey,
  own: string[],
): Probe {
  const { ids } = range.askers.admin;
  const parents: Record<string, string> = {
    ai_team_provider: range.worlds.theirs.provider,
    ai_team_provider_model: range.worlds.theirs.model,
    ai_agent: range.worlds.theirs.agent,
    chat_session: range.worlds.theirs.session,
    chat_message: range.worlds.theirs.message,
    chat_folder: range.worlds.theirs.folder,
    chat_summary: range.worlds.theirs.summary,
  };
  const child = columns[parentColumns.indexOf('id')];
  const values = own.map((column) => {
    if (column === child) return `'${parents[parent] ?? ''}'::uuid`;
    if (column === 'key') return `'another'`; // the unique index would refuse it before the reference does
    if (column === 'client_id') return 'null'; // unique: it would refuse the copy before the key
    return column === 'id' ? 'gen_random_uuid()' : column;
  });
  return {
    aim: name,
    table,
    statement: `insert into ${table} (${own.join(', ')}) select ${values.join(', ')} from ${table} where team_id = '${ids.team}' and ${child} is not null limit 1`,
    scope: { teamId: toTeamId(ids.team), userId: toUserId(ids.user) },
    expected: '23503',
  };
}

/** Foreign keys from one table of a team to another. */
export async function listCompositeKeys({ app }: Range): Promise<ForeignKey[]> {
  const names = (numbers: string, relation: string) =>
    `(select json_agg(a.attname order by k.n) from unnest(${numbers}) with ordinality k(number, n)
        join pg_attribute a on a.attrelid = ${relation} and a.attnum = k.number)`;
  const { rows } = await app.nest.get(Database).pool.query<ForeignKey>(`
    select f.conname as name, f.conrelid::regclass::text as "table", f.confrelid::regclass::text as parent,
           ${names('f.conkey', 'f.conrelid')} as columns, ${names('f.confkey', 'f.confrelid')} as "parentColumns"
      from pg_constraint f
     where f.contype = 'f' and f.connamespace = 'public'::regnamespace
       and exists (select from pg_attribute where attrelid = f.confrelid and attname = 'team_id')
       and exists (select from pg_attribute where attrelid = f.conrelid and attname = 'team_id') order by 1`);
  return rows;
}

async function listInsertable({ app }: Range): Promise<Map<string, string[]>> {
  const { rows } = await app.nest.get(Database).pool.query<{ table: string; columns: string[] }>(`
    select attrelid::regclass::text as "table", json_agg(quote_ident(attname) order by attnum) as columns
      from pg_attribute join pg_class c on c.oid = attrelid
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and attnum > 0 and not attisdropped and attgenerated = ''
     group by 1`);
  return new Map(rows.map(({ table, columns }) => [table, columns]));
}

/** So that its rows can be counted, whatever it does. */
function returning(statement: string): string {
  return statement.startsWith('select')
    ? statement.replace('select', 'select 1')
    : `${statement} returning 1`;
}
