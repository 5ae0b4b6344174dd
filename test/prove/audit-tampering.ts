import type { TeamId } from '@kdx/shared';
import { firstLink, nextLink } from '../../src/platform/audit/digests';
import type { ProofLog, StoredEvent } from './audit-log';
import type { Random } from './random';

/** What must be named: a link of a chain, a guard of the table, or a line of the anchor file. */
export type Expected =
  | { chain: TeamId; seq: number; fault?: string }
  | { guard: string }
  | { line: number; tamper: (lines: string[]) => string[] };

/** The chain that is tampered with and where, both by chance; `at` counts from 0. */
interface Target {
  log: ProofLog;
  chain: TeamId;
  other: TeamId;
  rows: StoredEvent[];
  at: number;
  random: Random;
}

/** Does it, and says what has to be found. `undo` is for what putting the rows back does not mend. */
export type Tampering = (target: Target) => Promise<Expected & { undo?: string }>;

const forged = (seq: number, random: Random) => ({
  id: `forged-${random(2 ** 30)}`,
  seq,
  at: '2026-01-01T00:00:00.000Z',
  actor: { type: 'user', id: null },
  action: 'x.y',
  target: { type: 'thing', id: null },
  outcome: 'done',
});

const parsed = (row: StoredEvent): Record<string, unknown> => JSON.parse(row.text) as Record<string, unknown>;
const hashBefore = (chain: TeamId, rows: StoredEvent[], at: number): Buffer =>
  at === 0 ? firstLink(chain) : Buffer.from(rows[at - 1]?.hash ?? '', 'hex');
const renumber = (rows: StoredEvent[]): StoredEvent[] =>
  rows.map((row, index) => ({ ...row, seq: index + 1 }));
const fitted = (previous: Buffer, text: string): string => nextLink(previous, text).toString('hex');
const isLast = ({ rows, at }: Target): boolean => at === rows.length - 1;

/** Links rows anew from a place on: what somebody does who knows how hashes are made. */
async function relink({ log, chain }: Target, rows: StoredEvent[], from: number): Promise<StoredEvent[]> {
  const done = rows.slice(0, from);
  for (const row of rows.slice(from)) {
    const seq = done.length + 1;
    const text = await log.spell({ ...parsed(row), seq });
    done.push({ seq, text, hash: fitted(hashBefore(chain, done, done.length), text) });
  }
  return done;
}

/** The first link that an anchor contradicts where a chain was written anew from a place on, counted from 0. */
function contradicted({ log, chain }: Target, from: number, length: number): { seq: number; fault: string } {
  const seq = log.anchoredPlaces(chain).find((place) => place > from) ?? 0;
  return seq <= length ? { seq, fault: 'anchorMismatch' } : { seq: length + 1, fault: 'truncated' };
}

async function edit(target: Target, change: (event: Record<string, unknown>) => object): Promise<Expected> {
  const { log, chain, rows, at } = target;
  const row = rows[at]!;
  const text = await log.spell(change(parsed(row)));
  await log.replace(chain, rows.with(at, { ...row, text }));
  return { chain, seq: at + 1, fault: 'edited' };
}

/** Of a column that is generated: its generation is taken away in the catalogue, and put back. */
const editColumn =
  (column: string): Tampering =>
  async ({ log, chain, at, random }) => {
    const generated = (how: string) =>
      log.sql(
        `update pg_attribute set attgenerated = '${how}' where attrelid = 'audit_event'::regclass and attname = '${column}'`,
      );
    await generated('');
    const value =
      column === 'outcome'
        ? `case outcome when 'done' then 'refused' else 'done' end`
        : `'x${random(1_000)}'`;
    await log.unlinked(`update audit_event set ${column} = ${value} where team_id = $1 and seq = $2`, [
      chain,
      at + 1,
    ]);
    await generated('s');
    return { chain, seq: at + 1, fault: 'columnEdited' };
  };

/** One of what weakens a guard, with what mends it again. */
const guard =
  (choices: (random: Random) => { guard: string; statement: string; undo: string }): Tampering =>
  async ({ log, random }) => {
    const { statement, ...expected } = choices(random);
    await log.sql(statement);
    return expected;
  };

const pick = <T>(random: Random, choices: readonly T[]): T => choices[random(choices.length)]!;

export const tamperings: Record<string, Tampering> = {
  'an event edited': (target) =>
    edit(target, (event) => {
      const field = pick(target.random, ['action', 'at', 'address', 'id', 'requestId', 'after']);
      return { ...event, [field]: `x${target.random(2 ** 30)}` };
    }),
  'an actor edited': (target) =>
    edit(target, (event) => ({ ...event, actor: { type: 'system', id: `x${target.random(1_000)}` } })),
  'a field removed': (target) =>
    edit(target, (event) => {
      const gone = pick(target.random, ['id', 'changed', 'requestId', 'after']);
      return Object.fromEntries(Object.entries(event).filter(([name]) => name !== gone));
    }),
  'a field added': (target) => edit(target, (event) => ({ ...event, [`x${target.random(1_000)}`]: true })),
  'the place in an event edited': async (target) => {
    const { chain, seq } = (await edit(target, (event) => ({
      ...event,
      seq: 1_000 + target.random(1_000),
    }))) as {
      chain: TeamId;
      seq: number;
    };
    return { chain, seq };
  },
  'one bit of a hash': async ({ log, chain, rows, at, random }) => {
    const bytes = Buffer.from(rows[at]!.hash, 'hex');
    bytes[random(32)]! ^= 1 << random(8);
    await log.replace(chain, rows.with(at, { ...rows[at]!, hash: bytes.toString('hex') }));
    return { chain, seq: at + 1, fault: 'edited' };
  },
  'a hash emptied': async ({ log, chain, at }) => {
    await log.unlinked(`update audit_event set hash = '' where team_id = $1 and seq = $2`, [chain, at + 1]);
    return { chain, seq: at + 1, fault: 'edited' };
  },
  'an event edited, its hash made to fit': async (target) => {
    const { log, chain, rows, at, random } = target;
    const text = await log.spell({ ...parsed(rows[at]!), address: `x${random(2 ** 30)}` });
    await log.replace(
      chain,
      rows.with(at, { seq: at + 1, text, hash: fitted(hashBefore(chain, rows, at), text) }),
    );
    if (log.anchoredPlaces(chain).includes(at + 1)) return { chain, seq: at + 1, fault: 'anchorMismatch' };
    return { chain, seq: at + 2, fault: 'edited' };
  },
  'a place edited': async ({ log, chain, at, random }) => {
    await log.unlinked('update audit_event set seq = $3 where team_id = $1 and seq = $2', [
      chain,
      at + 1,
      10_000 + random(2 ** 30),
    ]);
    return { chain, seq: at + 1 };
  },
  'a place beyond all numbers': async ({ log, chain, at, random }) => {
    await log.sql('alter table audit_event drop constraint audit_event_seq');
    await log.unlinked(
      'update audit_event set seq = 9007199254740992 + $3::bigint where team_id = $1 and seq = $2',
      [chain, at + 1, random(1_000)],
    );
    return {
      chain,
      seq: at + 1,
      undo: 'alter table audit_event add constraint audit_event_seq check (seq between 1 and 9007199254740991)',
    };
  },
  'an event moved to another chain': async (target) => {
    const { log, chain, other, rows, at } = target;
    const behind = (await log.read(other)).length + 1;
    await log.unlinked('update audit_event set team_id = $3, seq = $4 where team_id = $1 and seq = $2', [
      chain,
      at + 1,
      other,
      behind,
    ]);
    return { chain, seq: at + 1, fault: at === rows.length - 1 ? 'truncated' : 'missing' };
  },
  'column at': editColumn('at'),
  'column action': editColumn('action'),
  'column outcome': editColumn('outcome'),
  'column actor_id': editColumn('actor_id'),
  'column target_type': editColumn('target_type'),
  'column target_id': editColumn('target_id'),
  'a deletion': async (target) => {
    const { log, chain, rows, at } = target;
    await log.replace(chain, rows.toSpliced(at, 1));
    return { chain, seq: at + 1, fault: isLast(target) ? 'truncated' : 'missing' };
  },
  'a deletion whose gap is closed': async (target) => {
    const { log, chain, rows, at } = target;
    await log.replace(chain, renumber(rows.toSpliced(at, 1)));
    return { chain, seq: at + 1, fault: isLast(target) ? 'truncated' : 'missing' };
  },
  'several deletions': async ({ log, chain, rows, at, random }) => {
    const count = 1 + random(6);
    await log.replace(chain, renumber(rows.toSpliced(at, count)));
    return { chain, seq: at + 1, fault: at + count >= rows.length ? 'truncated' : 'missing' };
  },
  'two that changed places': async ({ log, chain, rows, at, random }) => {
    const second = (at + 1 + random(rows.length - 1)) % rows.length;
    const [low, high] = [Math.min(at, second), Math.max(at, second)];
    await log.replace(chain, renumber(rows.with(low, rows[high]!).with(high, rows[low]!)));
    return { chain, seq: low + 1, fault: 'reordered' };
  },
  'one that was put between': async ({ log, chain, rows, at, random }) => {
    const text = await log.spell(forged(at + 1, random));
    await log.replace(chain, renumber(rows.toSpliced(at, 0, { seq: 0, text, hash: 'ab'.repeat(32) })));
    return { chain, seq: at + 1, fault: 'inserted' };
  },
  'one that was put between, its hash made to fit': async ({ log, chain, rows, at, random }) => {
    const text = await log.spell(forged(at + 1, random));
    const hash = fitted(hashBefore(chain, rows, at), text);
    await log.replace(chain, renumber(rows.toSpliced(at, 0, { seq: 0, text, hash })));
    return { chain, seq: at + 1, fault: 'inserted' };
  },
  'one that was doubled': async ({ log, chain, rows, at, random }) => {
    await log.replace(chain, renumber(rows.toSpliced(at + 1, 0, rows[random(at + 1)]!)));
    return { chain, seq: at + 2, fault: 'inserted' };
  },
  'the end cut off': async ({ log, chain, at }) => {
    await log.unlinked('delete from audit_event where team_id = $1 and seq > $2', [chain, at]);
    return { chain, seq: at + 1, fault: 'truncated' };
  },
  'everything linked anew without one': async (target) => {
    const { log, chain, rows, at } = target;
    await log.replace(chain, await relink(target, rows.toSpliced(at, 1), at));
    return { chain, ...contradicted(target, at, rows.length - 1) };
  },
  'everything linked anew after an edit, as long as before': async (target) => {
    const { log, chain, rows, at, random } = target;
    const text = JSON.stringify({ ...parsed(rows[at]!), address: `x${random(2 ** 30)}` });
    await log.replace(chain, await relink(target, rows.with(at, { ...rows[at]!, text }), at));
    return { chain, ...contradicted(target, at, rows.length) };
  },
  'two chains that were swapped': async ({ log, chain, other }) => {
    await log.unlinked(
      'update audit_event set team_id = case team_id when $1::uuid then $2::uuid else $1::uuid end, seq = seq + 100000 where team_id in ($1::uuid, $2::uuid)',
      [chain, other],
    );
    await log.unlinked('update audit_event set seq = seq - 100000 where seq > 100000');
    return { chain, seq: 1 };
  },
  'the events of another chain, linked for this one': async (target) => {
    const { log, chain, other } = target;
    const rows = await relink(target, await log.read(other), 0);
    await log.replace(chain, rows);
    return { chain, ...contradicted(target, 0, rows.length) };
  },
  'an anchor signed by somebody else': async ({ log, random }) =>
    atLine(random(log.anchorCount), () => forgedAnchor(random)),
  'an anchor edited': async ({ log, random }) =>
    atLine(random(log.anchorCount), (line) => line.replace(/"seq":\d+/, `"seq":${1_000 + random(1_000)}`)),
  'a line of anchors damaged': async ({ log, random }) =>
    atLine(random(log.anchorCount), (line) => line.slice(0, 1 + random(line.length - 1))),
  'a right given': guard((random) => {
    const right = pick(random, ['update', 'delete', 'truncate', 'references', 'trigger']);
    const who = pick(random, ['ai_studio_app', 'ai_studio_platform', 'ai_studio_maintenance', 'public']);
    return {
      guard: `rights of ${who === 'public' ? 'everybody' : who}`,
      statement: `grant ${right} on audit_event to ${who}`,
      undo: `revoke ${right} on audit_event from ${who}`,
    };
  }),
  'a right on a column given': guard((random) => {
    const column = pick(random, ['event', 'hash', 'seq', 'team_id']);
    const who = pick(random, ['ai_studio_app', 'ai_studio_platform', 'ai_studio_maintenance']);
    return {
      guard: `rights of ${who} on ${column}`,
      statement: `grant update (${column}) on audit_event to ${who}`,
      undo: `revoke update (${column}) on audit_event from ${who}`,
    };
  }),
  'the trigger disabled': guard((random) => ({
    guard: 'trigger link',
    statement: pick(random, [
      'alter table audit_event disable trigger link',
      'alter table audit_event disable trigger user',
      'alter table audit_event enable replica trigger link',
      'alter table audit_event enable always trigger link',
    ]),
    undo: 'alter table audit_event enable trigger link',
  })),
  'the function changed': async ({ log, random }) => {
    const name = pick(random, ['link_audit_event', 'append_identity_event']);
    const { rows } = await log.database.pool.query<{ made: string }>(
      `select pg_get_functiondef('${name}'::regproc) as made`,
    );
    const undo = rows[0]?.made ?? '';
    await log.sql(
      pick(random, [
        undo.replace('return new;', `if random() > 2 then return null; end if; return new;`),
        undo.replace('begin', `begin -- ${random(1_000)}`),
        undo.replace('LANGUAGE plpgsql', 'LANGUAGE plpgsql SECURITY DEFINER'),
      ]),
    );
    return { guard: `function ${name}`, undo };
  },
  'one more trigger': guard((random) => {
    const name = `x${random(1_000)}`;
    return {
      guard: `trigger ${name}`,
      statement: `create trigger ${name} ${pick(random, ['before', 'after'])} insert on audit_event for each row execute function suppress_redundant_updates_trigger()`,
      undo: `drop trigger ${name} on audit_event`,
    };
  }),
  'a rule': guard((random) => {
    const name = `x${random(1_000)}`;
    return {
      guard: `rule ${name}`,
      statement: `create rule ${name} as on ${pick(random, ['insert', 'delete', 'update'])} to audit_event do instead nothing`,
      undo: `drop rule ${name} on audit_event`,
    };
  }),
  'row-level security weakened': guard((random) =>
    pick(random, [
      {
        guard: 'row-level security',
        statement: 'alter table audit_event disable row level security',
        undo: 'alter table audit_event enable row level security',
      },
      {
        guard: 'row-level security',
        statement: 'alter table audit_event no force row level security',
        undo: 'alter table audit_event force row level security',
      },
      {
        guard: 'policy everything',
        statement: 'create policy everything on audit_event to ai_studio_app using (true)',
        undo: 'drop policy everything on audit_event',
      },
      {
        guard: 'policy chains',
        statement: 'alter policy chains on audit_event to ai_studio_app, ai_studio_maintenance',
        undo: 'alter policy chains on audit_event to ai_studio_maintenance',
      },
    ]),
  ),
  'another search path': guard((random) => {
    const setting = pick(random, ['search_path = evil, public', 'session_replication_role = replica']);
    const name = setting.split(' ')[0];
    const [whose, change] = pick(random, [
      ['the database', 'alter database %I'],
      ['ai_studio_app', 'alter role ai_studio_app in database %I'],
    ] as const);
    const alter = (what: string) =>
      `do $$ begin execute format('${change} ${what}', current_database()); end $$`;
    return {
      guard: `setting ${name} of ${whose}`,
      statement: alter(`set ${setting}`),
      undo: alter(`reset ${name}`),
    };
  }),
  'rows of a table that inherits': guard((random) => {
    const name = `x${random(1_000)}`;
    return {
      guard: `child ${name}`,
      statement: `create table ${name} () inherits (audit_event)`,
      undo: `drop table ${name}`,
    };
  }),
  'the constraint of places dropped': guard(() => ({
    guard: 'constraint audit_event_seq',
    statement: 'alter table audit_event drop constraint audit_event_seq',
    undo: 'alter table audit_event add constraint audit_event_seq check (seq between 1 and 9007199254740991)',
  })),
};

function atLine(index: number, change: (line: string) => string): Expected {
  return { line: index + 1, tamper: (lines) => lines.with(index, change(lines[index] ?? '')) };
}

function forgedAnchor(random: Random): string {
  return JSON.stringify({
    teamId: '00000000-0000-0000-0000-000000000000',
    seq: 1 + random(100),
    hash: random(2 ** 30).toString(16),
    at: new Date().toISOString(),
    signature: 'ab'.repeat(32),
  });
}
