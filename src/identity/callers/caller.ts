import type { AppId, RequestOrigin, Scope, TeamId, UserId } from '@kdx/shared';
import type { AuditOrigin } from '../../platform/audit';
import { AppError } from '../../platform/errors';
import { permissions, type Permission, type RequiredRole } from '../permissions/permissions';

export type TeamRole = 'owner' | 'admin' | 'member';

/** Who is calling, and for which team. Made from the credential alone: no field comes from a body. */
export interface Caller {
  userId: UserId;
  name: string;
  platformAdmin: boolean;
  /** The team that the call is for: `x-team-id`, else the session's active team. */
  team: { id: TeamId; role: TeamRole } | undefined;
  /** The call itself, for the audit log. */
  request: RequestOrigin;
}

/** What a credential says, whatever call it came with. */
export type Identified = Omit<Caller, 'request'>;

/** A caller whose team is known: what a permission of level `member` or above leaves. */
export function toScope(caller: Caller, appId: AppId): Scope {
  if (!caller.team) throw noTeam();
  return { teamId: caller.team.id, userId: caller.userId, appId, request: caller.request };
}

/** Who does something that is no team's, for the audit log. */
export function toOrigin({ userId, request }: Caller): AuditOrigin {
  return { userId, request };
}

/** True for owners and admins of the caller's team. */
export function isTeamAdmin(caller: Identified): boolean {
  return caller.team?.role === 'owner' || caller.team?.role === 'admin';
}

/** Throws `UNAUTHENTICATED` or `FORBIDDEN` unless the caller has what the permission table asks for. */
export function assertPermission(caller: Identified | undefined, permission: Permission): void {
  const required: RequiredRole = permissions[permission];
  if (required === 'public') return;
  if (!caller) {
    throw new AppError(
      'UNAUTHENTICATED',
      'Sign in and send the session as a cookie or as "Authorization: Bearer <token>".',
    );
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

export function forbidden(permission: Permission, who: string): AppError {
  return new AppError('FORBIDDEN', `Only ${who} may do this.`, { details: { permission } });
}

function noTeam(): AppError {
  return new AppError(
    'VALIDATION_FAILED',
    'This call is for a team and names none. Send x-team-id, or set an active team (POST /api/auth/organization/set-active), or create one (POST /api/auth/organization/create).',
  );
}
