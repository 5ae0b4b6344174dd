import type { AuditLink } from './audit-event';
import { firstLink, nextLink } from './digests';

/** A row of a chain as it is stored. */
export interface ChainRow {
  /** `NaN` where it is no number. Beyond 2^53 it is not exact, and is no place of a chain. */
  seq: number;
  /** The event as PostgreSQL spells it. */
  text: string;
  /** Hex. */
  hash: string;
  /** What the columns that lists filter by hold: see {@link eventColumns}. */
  columns: Record<string, string | null>;
}

/** The columns that the database reads out of the event, and where they stand in it. */
export const eventColumns = [
  { column: 'at', path: ['at'] },
  { column: 'action', path: ['action'] },
  { column: 'outcome', path: ['outcome'] },
  { column: 'actor_id', path: ['actor', 'id'] },
  { column: 'target_type', path: ['target', 'type'] },
  { column: 'target_id', path: ['target', 'id'] },
];

/**
 * What is wrong with a link:
 * - `edited`: its event or its hash is not what was written.
 * - `missing`: it was removed, whether or not those behind it were given new places.
 * - `inserted`: nobody of ours wrote it.
 * - `reordered`: another event of the chain stands in its place.
 * - `truncated`: the chain ends before it, and an anchor says that it was there.
 * - `columnEdited`: its event is what was written, and a column that lists filter by says something else.
 * - `unreadable`: the database does not give the chain's rows from there on.
 * - `anchorMismatch`: the chain fits together, and is another than the one that was anchored: it was written anew.
 */
type Fault =
  | 'edited'
  | 'missing'
  | 'inserted'
  | 'reordered'
  | 'truncated'
  | 'columnEdited'
  | 'unreadable'
  | 'anchorMismatch';

/** The first bad link of a chain. */
export interface BadLink {
  teamId: string;
  seq: number;
  fault: Fault;
}

export interface ChainReport {
  teamId: string;
  /** Rows that were read. */
  events: number;
  /** Anchors that the chain was compared with. */
  anchors: number;
  badLink: BadLink | undefined;
}

/** A row that does not fit, kept until it is known what became of the one whose place it has. */
interface Suspect {
  row: ChainRow;
  expected: number;
  previous: Buffer;
  beforePrevious: Buffer | undefined;
  /** The row behind it. */
  next: ChainRow | undefined;
  /** Whether the event that belongs in this place stands further on. */
  isElsewhere: boolean;
}

/** Walks one chain, row after row in the order of their places, and names its first bad link. */
export class ChainVerifier {
  private events = 0;
  private previous: Buffer;
  private beforePrevious: Buffer | undefined;
  private suspect: Suspect | undefined;
  /** The first link that hangs together with the others, and is wrong all the same. */
  private mismatch: BadLink | undefined;
  private readonly anchors: Map<number, Set<string>>;

  /** @param anchors of this chain, whose signatures are right */
  constructor(
    private readonly teamId: string,
    anchors: AuditLink[],
  ) {
    this.previous = firstLink(teamId);
    this.anchors = new Map();
    for (const { seq, hash } of anchors)
      this.anchors.set(seq, (this.anchors.get(seq) ?? new Set()).add(hash));
  }

  add(row: ChainRow): void {
    this.events += 1;
    if (this.suspect) {
      this.suspect.next ??= row;
      this.suspect.isElsewhere ||= placeOf(row) === this.suspect.expected;
      return;
    }
    const link = nextLink(this.previous, row.text);
    if (row.seq !== this.events || placeOf(row) !== row.seq || link.toString('hex') !== row.hash) {
      const { events: expected, previous, beforePrevious } = this;
      this.suspect = { row, expected, previous, beforePrevious, next: undefined, isElsewhere: false };
      return;
    }
    this.compare(row);
    [this.beforePrevious, this.previous] = [this.previous, link];
  }

  /** After the last row. */
  end(): ChainReport {
    const broken = this.suspect && { teamId: this.teamId, ...classify(this.suspect) };
    // Of a break and a mismatch at the same link, the break says more.
    const badLink =
      broken && !(this.mismatch && this.mismatch.seq < broken.seq)
        ? broken
        : (this.mismatch ?? this.findTruncation());
    return { teamId: this.teamId, events: this.events, anchors: this.anchors.size, badLink };
  }

  /** The database could not give what comes next. */
  endUnreadable(): ChainReport {
    const report = this.end();
    if (report.badLink && report.badLink.fault !== 'truncated') return report;
    return { ...report, badLink: { teamId: this.teamId, seq: this.events + 1, fault: 'unreadable' } };
  }

  private compare(row: ChainRow): void {
    const { seq, hash } = row;
    const anchored = this.anchors.get(seq);
    if (anchored && !(anchored.has(hash) && anchored.size === 1))
      this.mismatch ??= { teamId: this.teamId, seq, fault: 'anchorMismatch' };
    if (!hasItsColumns(row)) this.mismatch ??= { teamId: this.teamId, seq, fault: 'columnEdited' };
  }

  private findTruncation(): BadLink | undefined {
    const last = Math.max(0, ...this.anchors.keys());
    return last > this.events ? { teamId: this.teamId, seq: this.events + 1, fault: 'truncated' } : undefined;
  }
}

function classify({ row, expected, previous, beforePrevious, next, isElsewhere }: Suspect): {
  seq: number;
  fault: Fault;
} {
  const place = placeOf(row);
  if (row.hash === previous.toString('hex')) return { seq: expected, fault: 'inserted' }; // the one before it, twice
  // The one before it was put between two that belong together.
  if (beforePrevious && fits(beforePrevious, row)) return { seq: expected - 1, fault: 'inserted' };
  // The one behind it belongs to the one before it. Does this one belong behind that?
  if (next && fits(previous, next))
    return { seq: expected, fault: fits(Buffer.from(next.hash, 'hex'), row) ? 'reordered' : 'inserted' };
  if (place !== undefined && place < expected) return { seq: expected, fault: 'inserted' };
  if (isElsewhere) return { seq: expected, fault: 'reordered' };
  if (row.seq !== expected || (place !== undefined && place > expected && !fits(previous, row)))
    return { seq: expected, fault: 'missing' };
  return { seq: expected, fault: 'edited' };
}

function hasItsColumns({ text, columns }: ChainRow): boolean {
  const event: unknown = JSON.parse(text); // it is what the trigger hashed, which was JSON
  return eventColumns.every(({ column, path }) => textAt(event, path) === columns[column]);
}

/** As `#>>` of PostgreSQL answers it. */
function textAt(event: unknown, path: string[]): string | null {
  const found = path.reduce<unknown>(
    (value, name) =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).find(([key]) => key === name)?.[1]
        : undefined,
    event,
  );
  if (found === undefined || found === null) return null;
  return typeof found === 'string' ? found : JSON.stringify(found);
}

function fits(previous: Buffer, { text, hash }: ChainRow): boolean {
  return nextLink(previous, text).toString('hex') === hash;
}

/** The place that the event itself names; `undefined` where it can no longer be read. */
function placeOf({ text }: ChainRow): number | undefined {
  try {
    const event: unknown = JSON.parse(text);
    return typeof event === 'object' && event !== null && 'seq' in event && typeof event.seq === 'number'
      ? event.seq
      : undefined;
  } catch {
    return undefined;
  }
}
