import type { AuditLink } from './audit-event';
import { firstLink, nextLink } from './digests';
import { ChainVerifier, type ChainReport, type ChainRow } from './verify-chain';

const teamId = '019aa000-0000-7000-8000-000000000001';
const otherTeam = '019aa000-0000-7000-8000-000000000002';

/** What the columns of the events here hold. */
const columns = {
  at: null,
  action: 'agents.update',
  outcome: null,
  actor_id: null,
  target_type: null,
  target_id: null,
};

/** A linked chain of events, as the database would hold it. What tampering does to a real one: test/prove/audit.spec.ts. */
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

  it('names a column that does not say what its event says, and what comes first of two faults', () => {
    const edited = chain.with(4, { ...chain[4]!, columns: { ...columns, action: 'x.y' } });
    expect(verify(edited, [end]).badLink).toEqual({ teamId, seq: 5, fault: 'columnEdited' });
    expect(verify(edited.toSpliced(7, 1), [end]).badLink).toMatchObject({ seq: 5 });
    expect(verify(edited.toSpliced(2, 1), [end]).badLink).toMatchObject({ seq: 3, fault: 'missing' });
  });

  it('takes a place that is none, or that no number holds, for none of this chain', () => {
    for (const seq of [Number.NaN, 0, -1, 2 ** 53 + 2])
      expect(verify([...chain, { ...chain[0]!, seq }], [end]).badLink).toBeDefined();
  });
});
