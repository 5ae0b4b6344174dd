import { isUuid } from '@kdx/shared';
import { assertPlain, validationFailed } from '../../platform/http';
import { isTeamRole } from '../callers/caller';

/** What Better Auth looks up in columns of UUIDs, in whatever route it comes. */
const idFields = ['id', 'organizationId', 'invitationId', 'memberId', 'userId', 'accountId'];

const maxRoleLength = 100;
/** Of what Better Auth takes several of in one field: roles, say. */
const maxValues = 100;
/** Characters of what a team may keep beside its name, as JSON. */
const maxMetadata = 10_000;

/** Fields whose values Better Auth makes part of a statement without a look at them, with what is refused of each. */
const rules: Record<string, (value: string) => string | undefined> = {
  ...Object.fromEntries(idFields.map((field) => [field, notAnId])),
  memberIdOrEmail: (value) => (value.includes('@') ? undefined : notAnId(value)),
  limit: notACount,
  offset: notACount,
  sortBy: (value) => (value === 'createdAt' ? undefined : 'must be createdAt'),
  filterField: notTaken,
  filterValue: notTaken,
  filterOperator: notTaken,
  role: notARole,
};

/**
 * What Better Auth would hand to the database unseen, in `part`: the body or the query of any of its routes. Refuses what
 * {@link assertPlain} refuses, malformed ids, counts and roles that are none, filters, and changes of a team that change
 * nothing. All else is Better Auth's own to check. Throws `VALIDATION_FAILED`.
 */
export function assertAuthInput(part: unknown): void {
  assertPlain(part);
  if (typeof part !== 'object' || part === null) return;
  if ('data' in part && changesNothing(part.data))
    throw validationFailed([{ field: 'data', problem: `must have one of ${teamFields.join(', ')}` }]);
  for (const holder of [part, 'data' in part ? part.data : undefined]) {
    assertSmallMetadata(holder);
    assertTexts(holder);
  }
  for (const [field, values] of Object.entries(part)) {
    if (Array.isArray(values) && values.length > maxValues)
      throw validationFailed([{ field, problem: `must have at most ${maxValues} items` }]);
    for (const value of [values].flat()) {
      const problem = isScalar(value) ? rules[field]?.(String(value)) : undefined;
      if (problem) throw validationFailed([{ field, problem }]);
    }
  }
}

/** What a person or a team is called, and its picture, which may be taken away. Not every route of Better Auth looks. */
const texts = { name: false, slug: false, image: true, logo: true };

function assertTexts(holder: unknown): void {
  if (typeof holder !== 'object' || holder === null) return;
  for (const [field, value] of Object.entries(holder)) {
    const mayBeNull = Object.entries(texts).find(([name]) => name === field)?.[1];
    if (mayBeNull === undefined || typeof value === 'string' || (mayBeNull && value === null)) continue;
    throw validationFailed([{ field, problem: mayBeNull ? 'must be a text or null' : 'must be a text' }]);
  }
}

function assertSmallMetadata(holder: unknown): void {
  if (typeof holder !== 'object' || holder === null || !('metadata' in holder)) return;
  if (JSON.stringify(holder.metadata ?? null).length > maxMetadata)
    throw validationFailed([
      { field: 'metadata', problem: `must have at most ${maxMetadata} characters as JSON` },
    ]);
}

/** What can be changed of a team. Better Auth would write a statement that changes nothing, which is none. */
const teamFields = ['name', 'slug', 'logo', 'metadata'];

function changesNothing(data: unknown): boolean {
  return typeof data === 'object' && data !== null && !teamFields.some((field) => field in data);
}

/** Better Auth refuses what is neither by its type, and takes `null` here and there. */
function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number';
}

function notAnId(value: string): string | undefined {
  return isUuid(value) ? undefined : 'must be a UUID';
}

function notACount(value: string): string | undefined {
  return /^\d{1,4}$/.test(value) ? undefined : 'must be an integer from 0 to 9999';
}

/** Better Auth takes several with commas between, and its refusal of an unknown one repeats it, however long. */
function notARole(value: string): string | undefined {
  const known = value.length <= maxRoleLength && value.split(',').every((name) => isTeamRole(name.trim()));
  return known ? undefined : 'must be owner, admin or member';
}

function notTaken(): string {
  return 'is not taken here';
}
