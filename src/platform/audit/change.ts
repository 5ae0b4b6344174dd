import { isDeepStrictEqual } from 'node:util';
import type { AuditEntry, AuditTarget } from './audit-event';
import { fingerprint } from './digests';

/** What a change gives back: its result, and what it changed. No events: nothing changed, and nobody is told. */
export interface Changed<T> {
  result: T;
  events: AuditEntry[];
}

/** A change with what it did: see {@link difference}. */
export function changed<T>(result: T, events: AuditEntry[]): Changed<T> {
  return { result, events };
}

/** There was nothing to do, or nothing to do it to. */
export function unchanged<T>(result: T): Changed<T> {
  return { result, events: [] };
}

/** Fields that change with every write and say nothing. */
const clocks = ['createdAt', 'updatedAt'];

/**
 * The event of a change from `before` to `after`; none where no field differs. `null`: not there. Only names and
 * fingerprints of the fields are kept, but leave secrets out all the same: a short one can be guessed from its fingerprint.
 */
export function difference(
  action: string,
  target: AuditTarget,
  before: object | null,
  after: object | null,
): AuditEntry[] {
  const [was, is] = [toFields(before), toFields(after)];
  const names = [...new Set([...was.keys(), ...is.keys()])]
    .filter((name) => !isDeepStrictEqual(was.get(name), is.get(name)))
    .toSorted();
  if (names.length === 0 && before && after) return [];
  const pick = (fields: Map<string, unknown>) =>
    fingerprint(Object.fromEntries(names.map((name) => [name, fields.get(name)])));
  return [
    {
      action,
      target,
      changed: names,
      ...(before ? { before: pick(was) } : {}),
      ...(after ? { after: pick(is) } : {}),
    },
  ];
}

/** As JSON holds them: a `Date` is a text, and what is `undefined` is not there. */
function toFields(value: object | null): Map<string, unknown> {
  const plain: Record<string, unknown> = JSON.parse(JSON.stringify(value ?? {}));
  return new Map(Object.entries(plain).filter(([name]) => !clocks.includes(name)));
}
