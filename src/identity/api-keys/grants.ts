import { AppError } from '../../platform/errors';
import { validationFailed } from '../../platform/http';
import { isTeamAdmin, type ApiKeyGrant, type Identified } from '../callers/caller';
import type { GrantablePermission } from '../permissions/grantable';
import { permissions } from '../permissions/permissions';

const defaultDays = 365;
const maxYears = 5;
const dayMs = 86_400_000;

/**
 * Until when a new key is to work. Absent: a year, but no longer than the key that makes it; `null`: for ever. Throws
 * `VALIDATION_FAILED` for a time that is not ahead, or too far.
 * @param wanted ISO 8601
 */
export function resolveExpiry(
  { apiKey }: Identified,
  wanted: string | null | undefined,
  now = new Date(),
): Date | null {
  if (wanted === undefined) return earlier(new Date(now.getTime() + defaultDays * dayMs), apiKey?.expiresAt);
  if (wanted === null) return null;
  const expiresAt = new Date(wanted);
  const last = new Date(now);
  last.setUTCFullYear(now.getUTCFullYear() + maxYears);
  if (!(expiresAt > now && expiresAt <= last))
    throw validationFailed([
      { field: 'expiresAt', problem: `must be ahead, by ${maxYears} years at most; null is never` },
    ]);
  return expiresAt;
}

/**
 * A grant never exceeds its grantor: a person gives what their role may do in the team, a key what it has itself, and no
 * key outlives the one that made it. Throws `FORBIDDEN`, which names what is too much.
 */
export function assertGrantable(caller: Identified, grant: ApiKeyGrant): void {
  const scopes = grant.scopes.filter((scope) => !holds(caller, scope));
  if (scopes.length > 0)
    throw new AppError(
      'FORBIDDEN',
      `Nobody gives away more than they have, and these scopes you have not: ${scopes.join(', ')}. Leave them out.`,
      { details: { scopes } },
    );
  const last = caller.apiKey?.expiresAt;
  if (last && (grant.expiresAt === null || grant.expiresAt > last))
    throw new AppError(
      'FORBIDDEN',
      `An API key makes none that outlives it: choose an expiresAt up to ${last.toISOString()}, or leave it out.`,
      { details: { expiresAt: last.toISOString() } },
    );
}

function holds(caller: Identified, scope: GrantablePermission): boolean {
  if (caller.apiKey) return caller.apiKey.scopes.includes(scope);
  return permissions[scope] === 'member' ? caller.team !== undefined : isTeamAdmin(caller);
}

function earlier(time: Date, other: Date | null | undefined): Date {
  return other && other < time ? other : time;
}
