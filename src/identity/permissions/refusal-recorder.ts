import { Inject, Injectable } from '@nestjs/common';
import type { RequestOrigin } from '@kdx/shared';
import { instanceChain, RefusedAttempts } from '../../platform/audit';
import { AppError } from '../../platform/errors';
import { toActorType, type Identified } from '../callers/caller';
import { NotAMember } from '../callers/caller.service';
import { permissions, type Permission } from './permissions';

/** A call at one of the doors. */
export interface Attempt {
  permission: Permission;
  door: { type: 'route' | 'procedure'; id: string };
  /** Whether the door may change anything. */
  writes: boolean;
  request: RequestOrigin;
}

/**
 * Records refused attempts in the audit log: of members who lack the role (and API keys that lack the scope) for a door that writes, in their team's chain
 * (for what only the platform admin may do, in the instance's); of people who name a team that they are not in, in the
 * instance's. Who is not signed in is only logged: anybody could fill the audit log.
 */
@Injectable()
export class RefusalRecorder {
  constructor(@Inject(RefusedAttempts) private readonly attempts: RefusedAttempts) {}

  /** Records the refusal that `error` is, if it is one of these. Never rejects. */
  async record(error: unknown, caller: Identified | undefined, attempt: Attempt): Promise<void> {
    if (error instanceof NotAMember) await this.recordForeignTeam(error, attempt);
    else if (error instanceof AppError && error.code === 'FORBIDDEN' && caller && attempt.writes)
      await this.recordForbidden(caller, attempt);
  }

  /** The id is the one that they sent: whether there is such a team is not said. */
  private recordForeignTeam({ actor, teamId }: NotAMember, { permission, request }: Attempt): Promise<void> {
    return this.attempts.record(
      instanceChain,
      actor.userId,
      { ...actor, request },
      { action: permission, target: { type: 'team', id: teamId }, code: 'NOT_FOUND' },
    );
  }

  private recordForbidden(caller: Identified, { permission, door, request }: Attempt): Promise<void> {
    const { userId, team } = caller;
    const isForTeam = permissions[permission] !== 'platformAdmin' && team !== undefined;
    return this.attempts.record(
      isForTeam ? team.id : instanceChain,
      userId,
      { userId, actorType: toActorType(caller), request, role: isForTeam ? team.role : undefined },
      { action: permission, target: door, code: 'FORBIDDEN' },
    );
  }
}
