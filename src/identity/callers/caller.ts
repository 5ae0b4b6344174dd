import type { AppId, RequestOrigin, Scope, SignInId, TeamId, UserId } from '@kdx/shared';
import type { AuditOrigin } from '../../platform/audit';
import { AppError } from '../../platform/errors';
import { isGrantable, type GrantablePermission } from '../permissions/grantable';
import { permissions, type Permission, type RequiredRole } from '../permissions/permissions';

/** Highest first. */
const teamRoles = ['owner', 'admin', 'member'] as const;

export type TeamRole = (typeof teamRoles)[number];

/** What an API key may do, and until when; `null`: for ever. */
export interface ApiKeyGrant {
  scopes: readonly GrantablePermission[];
  expiresAt: Date | null;
}

/** Who is calling, and for which team. Made from the credential alone: no field comes from a body. */
export interface Caller {
  userId: UserId;
  name: string;
  platformAdmin: boolean;
  /** The team that the call is for: an API key's own; `x-team-id`, else the session's active team. A key has no role in it. */
  team: { id: TeamId; role: TeamRole | undefined } | undefined;
  /** Of a person: the session that the credential is of, the same for as long as it is renewed. */
  signInId?: SignInId | undefined;
  /** Where an API key calls: this decides, and no role. */
  apiKey?: ApiKeyGrant | undefined;
  /** The call itself, for the audit log. */
  request: RequestOrigin;
}

/** What a credential says, whatever call it came with. */
export type Identified = Omit<Caller, 'request'>;

/** A caller whose team is known: what a permission of level `member` or above leaves. */
export function toScope(caller: Caller, appId: AppId): Scope {
  if (!caller.team) throw noTeam();
  const { userId, signInId, request } = caller;
  return { teamId: caller.team.id, userId, appId, actorType: toActorType(caller), signInId, request };
}

/** Who does something that is no team's, for the audit log. */
export function toOrigin({ userId, request }: Caller): AuditOrigin {
  return { userId, request };
}

/** What a caller's `userId` is, for the audit log: a person where `undefined`. */
export function toActorType({ apiKey }: Identified): AuditOrigin['actorType'] {
  return apiKey && 'apiKey';
}

/** Better Auth keeps several roles as one comma-separated text; the highest counts. `undefined` for none that we know. */
export function toTeamRole(text: string): TeamRole | undefined {
  const roles = text.split(',');
  return teamRoles.find((name) => roles.includes(name));
}

export function isTeamRole(text: string): text is TeamRole {
  return teamRoles.some((role) => role === text);
}

/** True for owners and admins of the caller's team; never for an API key. */
export function isTeamAdmin(caller: Identified): boolean {
  return caller.team?.role === 'owner' || caller.team?.role === 'admin';
}

/**
 * For what a service decides beyond its door: true for owners and admins of the caller's team, and for an API key that
 * was given `permission`.
 */
export function isTeamAdminFor(caller: Identified, permission: GrantablePermission): boolean {
  return caller.apiKey ? caller.apiKey.scopes.includes(permission) : isTeamAdmin(caller);
}

/** Throws `UNAUTHENTICATED` or `FORBIDDEN` unless the caller has what the permission table asks for. */
export function assertPermission(caller: Identified | undefined, permission: Permission): void {
  const required: RequiredRole = permissions[permission];
  if (required === 'public') return;
  if (!caller) {
    throw new AppError(
      'UNAUTHENTICATED',
      'Sign in and send the session as a cookie or as "Authorization: Bearer <token>", or send an API key as that token.',
    );
  }
  if (caller.apiKey) {
    assertScope(caller.apiKey, permission);
    return;
  }
  switch (required) {
    case 'platformAdmin':
      if (!caller.platformAdmin) throw forbidden(permission, 'the platform admin');
      return;
    case 'anyAdmin':
      if (caller.platformAdmin) return;
      if (!caller.team) throw noTeam();
      if (!isTeamAdmin(caller)) throw forbidden(permission, 'an owner or admin of the team');
      return;
    case 'admin':
      if (!caller.team) throw noTeam();
      if (!isTeamAdmin(caller)) throw forbidden(permission, 'an owner or admin of the team');
      return;
    case 'member':
      if (!caller.team) throw noTeam();
      return;
    default:
      required satisfies never; // a name that is not in the table, which only a cast can give: closed
      throw new AppError('INTERNAL', 'This declares a permission that is none and is therefore closed.');
  }
}

/** Also refuses what was given to the key once and cannot be given any more. */
function assertScope({ scopes }: ApiKeyGrant, permission: Permission): void {
  if (!isGrantable(permission))
    throw new AppError('FORBIDDEN', 'No API key may do this. Sign in to do it.', { details: { permission } });
  if (!scopes.includes(permission))
    throw new AppError('FORBIDDEN', `The API key lacks the scope ${permission}. Use one that has it.`, {
      details: { permission },
    });
}

export function forbidden(permission: Permission, who: string): AppError {
  return new AppError('FORBIDDEN', `Only ${who} may do this.`, { details: { permission } });
}

function noTeam(): AppError {
  return new AppError(
    'VALIDATION_FAILED',
    'This call is for a team and names none. Send x-team-id, or set an active team (POST /api/auth/organization/set-active), or create one (POST /api/auth/organization/create).',
  );
}
