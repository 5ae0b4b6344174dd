import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { isUuid, toTeamId, toUserId, type TeamId, type UserId } from '@kdx/shared';
import { AppError, notFound } from '../../platform/errors';
import { validationFailed } from '../../platform/http';
import { BETTER_AUTH, type BetterAuth } from '../better-auth/better-auth';
import type { Caller, Identified, TeamRole } from './caller';
import { MembershipRepository } from './membership.repository';

/** The three request headers that say who is calling. */
export interface Credentials {
  authorization: string | undefined;
  cookie: string | undefined;
  teamId: string | undefined;
}

/** Somebody named a team that they are not in. To them it is as if there were none. */
export class NotAMember extends AppError {
  constructor(
    readonly userId: UserId,
    readonly teamId: TeamId,
  ) {
    super('NOT_FOUND', notFound('The team').message);
  }
}

/** A change of role made by another replica is noticed after at most this long; one made here, at once. */
const rememberMs = 5_000;

/** Finds out who is calling, from a session cookie or bearer token and `x-team-id`. */
@Injectable()
export class CallerService {
  /** Keyed by a digest of the credential, never the credential. */
  private readonly remembered = new LRUCache<string, Identified>({ max: 10_000, ttl: rememberMs });
  private generation = 0;

  constructor(
    @Inject(BETTER_AUTH) private readonly auth: BetterAuth,
    @Inject(MembershipRepository) private readonly memberships: MembershipRepository,
  ) {}

  /**
   * The caller, or `undefined` where no credential was sent. Throws `UNAUTHENTICATED` for a bad or expired one,
   * `VALIDATION_FAILED` for an `x-team-id` that is no UUID, {@link NotAMember} (`NOT_FOUND`) for a team that the caller
   * is not in.
   */
  async identify(credentials: Credentials): Promise<Identified | undefined> {
    const { authorization, cookie, teamId } = credentials;
    if (!authorization && !cookie) return undefined;
    if (teamId !== undefined && !isUuid(teamId)) {
      throw validationFailed([{ field: 'x-team-id', problem: 'must be a UUID' }]);
    }
    const key = digest(credentials);
    const known = this.remembered.get(key);
    if (known) return known;
    const { generation } = this;
    const caller = await this.lookUp(credentials);
    if (caller && generation === this.generation) this.remembered.set(key, caller);
    return caller;
  }

  /** Reads every caller again at its next call. Called after anything that may change roles, teams or sessions. */
  forgetAll(): void {
    this.generation += 1;
    this.remembered.clear();
  }

  private async lookUp({ authorization, cookie, teamId }: Credentials): Promise<Identified | undefined> {
    // One credential a call: a bearer token wins, so that a cookie cannot lend it another identity.
    const headers = new Headers(authorization ? { authorization } : { cookie: cookie ?? '' });
    const found = await this.auth.api.getSession({ headers });
    if (!found) {
      if (!authorization) return undefined; // a browser sends cookies of all kinds
      throw new AppError('UNAUTHENTICATED', 'The session has ended or never was. Sign in again.');
    }
    const userId = toUserId(found.user.id);
    const wanted = teamId ?? found.session.activeOrganizationId ?? undefined;
    const role = wanted ? await this.memberships.findRole(userId, toTeamId(wanted)) : undefined;
    if (teamId && !role) throw new NotAMember(userId, toTeamId(teamId));
    return {
      userId,
      name: found.user.name,
      platformAdmin: found.user.platformRole === 'platformAdmin',
      team: wanted && role ? toTeam(toTeamId(wanted), role) : undefined,
    };
  }
}

function toTeam(id: TeamId, role: string): Caller['team'] {
  // Better Auth keeps several roles as one comma-separated text; the highest counts.
  const roles = role.split(',');
  const highest = (['owner', 'admin', 'member'] satisfies TeamRole[]).find((name) => roles.includes(name));
  return highest ? { id, role: highest } : undefined;
}

function digest({ authorization = '', cookie = '', teamId = '' }: Credentials): string {
  return createHash('sha256')
    .update(JSON.stringify([authorization, authorization ? '' : cookie, teamId]))
    .digest('base64');
}
