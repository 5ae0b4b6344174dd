import type { AuditLink } from './audit-event';
import { firstLink, nextLink } from './digests';
import { ChainVerifier, type BadLink, type ChainReport, type ChainRow } from './verify-chain';

const teamId = '019aa000-0000-7000-8000-000000000001';
const otherTeam = '019aa000-0000-7000-8000-000000000002';
const seed = 20_261_123;

/** What the columns of the events here hold. */
const columns = {
  at: null,
  action: 'agents.update',
  outcome: null,
  actor_id: null,
  target_type: null,
  target_id: null,
};

/** A linked chain of events, as the database would hold it. */
function chainOf(length: number, team = teamId): ChainRow[] {
  let previous = firstLink(team);
  return Array.from({ length }, (_, index) => {
    const seq = index + 1;
    const text = JSON.stringify({ id: `event-${team}-${seq}`, seq, action: 'agents.update' });
    previous = nextLink(previous, text);
    return { seq, text, hash: previous.toString('hex'), columns };
  });
}

function verify(rows: ChainRow[], anchors: AuditLink[] = []): ChainReport {
  const verifier = new ChainVerifier(teamId, anchors);
  for (const row of rows.toSorted((a, b) => a.seq - b.seq)) verifier.add(row);
  return verifier.end();
}

function anchorOf({ seq, hash }: ChainRow): AuditLink {
  return { teamId, seq, hash };
}

/** Gives the rows the places in which they stand: what somebody does who hides a gap. */
const renumber = (rows: ChainRow[]): ChainRow[] => rows.map((row, index) => ({ ...row, seq: index + 1 }));

/** Links the rows from `from` on anew: what somebody does who knows how hashes are made. */
function relink(rows: ChainRow[], from: number): ChainRow[] {
  let previous = from > 0 ? Buffer.from(rows[from - 1]!.hash, 'hex') : firstLink(teamId);
  return rows.map((row, index) => {
    if (index < from) return row;
    const seq = index + 1;
    const text = JSON.stringify({ ...JSON.parse(row.text), seq });
    previous = nextLink(previous, text);
    return {
      seq,
      text,
      hash: previous.toString('hex'),
      columns: { ...columns, action: JSON.parse(text).action ?? null },
    };
  });
}

/** mulberry32: the same numbers each time. */
function randomOf(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

describe('the verifier of a chain', () => {
  const chain = chainOf(120);
  const end = anchorOf(chain.at(-1)!);

  it('finds nothing in a chain that is whole, anchored or not, long or empty', () => {
    expect(verify(chain)).toEqual({ teamId, events: 120, anchors: 0, badLink: undefined });
    expect(verify(chain, chain.map(anchorOf)).badLink).toBeUndefined();
    expect(verify([]).badLink).toBeUndefined();
  });

  it("does not take another team's chain for this one's", () => {
    expect(verify(chainOf(5, otherTeam)).badLink).toMatchObject({ seq: 1 });
  });

  it('is not deceived by an event that is no JSON, or names no place', () => {
    for (const text of ['{', 'null', '{}', '{"seq": "3"}'])
      expect(verify(chain.with(2, { ...chain[2]!, text })).badLink).toEqual({
        teamId,
        seq: 3,
        fault: 'edited',
      });
  });

  it('names a chain that was written anew behind an anchor, and two anchors that disagree', () => {
    const anew = relink(chain.with(9, { ...chain[9]!, text: '{"action":"x"}' }), 9);
    expect(verify(anew).badLink).toBeUndefined();
    expect(verify(anew, [end]).badLink).toEqual({ teamId, seq: 120, fault: 'anchorMismatch' });
    expect(verify(anew, [anchorOf(chain[29]!), end]).badLink).toMatchObject({ seq: 30 });
    expect(verify(chain, [end, { ...end, hash: '00' }]).badLink).toMatchObject({ fault: 'anchorMismatch' });
  });

  type Tampering = (
    at: number,
    random: (below: number) => number,
  ) => { rows: ChainRow[] } & Omit<BadLink, 'teamId'>;
  const foreign = (seq: number): ChainRow => ({
    seq,
    text: JSON.stringify({ seq, forged: true }),
    hash: 'ab'.repeat(32),
    columns,
  });

  const tamperings: Record<string, Tampering> = {
    'an event edited': (at) => ({
      rows: chain.with(at, { ...chain[at]!, text: chain[at]!.text.replace('update', 'delete') }),
      seq: at + 1,
      fault: 'edited',
    }),
    'one bit of a hash': (at, random) => {
      const bytes = Buffer.from(chain[at]!.hash, 'hex');
      bytes[random(32)]! ^= 1 << random(8);
      return {
        rows: chain.with(at, { ...chain[at]!, hash: bytes.toString('hex') }),
        seq: at + 1,
        fault: 'edited',
      };
    },
    'an event edited, its hash made to fit': (at) => {
      const text = chain[at]!.text.replace('update', 'delete');
      const previous = at > 0 ? Buffer.from(chain[at - 1]!.hash, 'hex') : firstLink(teamId);
      const rows = chain.with(at, { ...chain[at]!, text, hash: nextLink(previous, text).toString('hex') });
      return at === chain.length - 1
        ? { rows, seq: at + 1, fault: 'anchorMismatch' }
        : { rows, seq: at + 2, fault: 'edited' };
    },
    'a deletion': (at) => ({
      rows: chain.toSpliced(at, 1),
      seq: at + 1,
      fault: at === chain.length - 1 ? 'truncated' : 'missing',
    }),
    'a deletion whose gap is closed': (at) => ({
      rows: renumber(chain.toSpliced(at, 1)),
      seq: at + 1,
      fault: at === chain.length - 1 ? 'truncated' : 'missing',
    }),
    'several deletions': (at, random) => {
      const count = 1 + random(10);
      return {
        rows: renumber(chain.toSpliced(at, count)),
        seq: at + 1,
        fault: at + count >= chain.length ? 'truncated' : 'missing',
      };
    },
    'two that changed places': (at, random) => {
      const other = (at + 1 + random(chain.length - 1)) % chain.length;
      const [low, high] = [Math.min(at, other), Math.max(at, other)];
      const rows = renumber(chain.with(low, chain[high]!).with(high, chain[low]!));
      return { rows, seq: low + 1, fault: 'reordered' };
    },
    'one that was put between': (at) => ({
      rows: renumber(chain.toSpliced(at, 0, foreign(at + 1))),
      seq: at + 1,
      fault: 'inserted',
    }),
    'one that was put between, its hash made to fit': (at) => {
      const previous = at > 0 ? Buffer.from(chain[at - 1]!.hash, 'hex') : firstLink(teamId);
      const text = JSON.stringify({ seq: at + 1, forged: true });
      const row = {
        seq: at + 1,
        text,
        hash: nextLink(previous, text).toString('hex'),
        columns: { ...columns, action: null },
      };
      return { rows: renumber(chain.toSpliced(at, 0, row)), seq: at + 1, fault: 'inserted' };
    },
    'one that was doubled': (at, random) => {
      const source = random(at + 1);
      return { rows: renumber(chain.toSpliced(at + 1, 0, chain[source]!)), seq: at + 2, fault: 'inserted' };
    },
    'the end cut off': (at) => ({ rows: chain.slice(0, at), seq: at + 1, fault: 'truncated' }),
    'everything linked anew without one': (at) => ({
      rows: relink(chain.toSpliced(at, 1), at),
      seq: 120,
      fault: 'truncated',
    }),
  };

  it(`finds 1,200 of 1,200 random tamperings, each by its first bad link and its kind (seed ${seed})`, () => {
    const random = randomOf(seed);
    for (const [kind, tamper] of Object.entries(tamperings)) {
      for (let count = 0; count < 100; count += 1) {
        const at = random(chain.length);
        const { rows, seq, fault } = tamper(at, random);
        expect({ kind, at, badLink: verify(rows, [end]).badLink }).toEqual({
          kind,
          at,
          badLink: { teamId, seq, fault },
        });
      }
    }
  });
});
