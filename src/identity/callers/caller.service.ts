import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { isUuid, toSignInId, toTeamId, toUserId, type TeamId, type UserId } from '@kdx/shared';
import type { AuditOrigin } from '../../platform/audit';
import { AppError, notFound } from '../../platform/errors';
import { validationFailed } from '../../platform/http';
import { BETTER_AUTH, type BetterAuth } from '../better-auth/better-auth';
import { ApiKeyCallers } from '../api-keys/api-key-callers';
import { readApiKey } from '../api-keys/api-key-secret';
import { BadCredentials } from './bad-credentials';
import { toSessionHeaders, type Credentials } from './credentials';
import { toActorType, toTeamRole, type Caller, type Identified } from './caller';
import { MembershipRepository } from './membership.repository';

/** Somebody named a team that they are not in, or that is not the API key's. To them it is as if there were none. */
export class NotAMember extends AppError {
  constructor(
    readonly actor: Pick<AuditOrigin, 'actorType'> & { userId: UserId },
    readonly teamId: TeamId,
  ) {
    super('NOT_FOUND', notFound('The team').message);
  }
}

/** A change of role made by another replica is noticed after at most this long; one made here, at once. */
const rememberMs = 5_000;

/** Finds out who is calling, from a session cookie, a bearer token or an API key, and `x-team-id`. */
@Injectable()
export class CallerService {
  /** Keyed by a digest of the credential, never the credential. */
  private readonly remembered = new LRUCache<string, Identified>({ max: 10_000, ttl: rememberMs });
  private generation = 0;

  constructor(
    @Inject(BETTER_AUTH) private readonly auth: BetterAuth,
    @Inject(MembershipRepository) private readonly memberships: MembershipRepository,
    @Inject(ApiKeyCallers) private readonly apiKeys: ApiKeyCallers,
    @Inject(BadCredentials) private readonly badCredentials: BadCredentials,
  ) {}

  /**
   * The caller, or `undefined` where no credential was sent. Throws `UNAUTHENTICATED` for a bad or expired one,
   * `VALIDATION_FAILED` for an `x-team-id` that is no UUID, {@link NotAMember} (`NOT_FOUND`) for a team that the caller
   * is not in, `RATE_LIMITED` for the next one from an address that sent many of these.
   */
  async identify(credentials: Credentials): Promise<Identified | undefined> {
    const { authorization, cookie, teamId } = credentials;
    if (!authorization && !cookie) return undefined;
    if (teamId !== undefined && !isUuid(teamId)) {
      throw validationFailed([{ field: 'x-team-id', problem: 'must be a UUID' }]);
    }
    const apiKey = readApiKey(authorization);
    const key = digest(credentials);
    if (apiKey) {
      const identify = () => this.apiKeys.identify(apiKey);
      return assertTeam(await this.badCredentials.watch(credentials.address, key, identify), teamId);
    }
    const known = this.remembered.get(key);
    if (known) return known;
    const { generation } = this;
    const caller = await this.badCredentials.watch(credentials.address, key, () => this.lookUp(credentials));
    if (caller && generation === this.generation) this.remembered.set(key, caller);
    return caller;
  }

  /** Reads every person again at their next call. Called after anything that may change roles, teams or sessions. */
  forgetAll(): void {
    this.generation += 1;
    this.remembered.clear();
  }

  private async lookUp({ authorization, cookie, teamId }: Credentials): Promise<Identified | undefined> {
    const headers = new Headers(toSessionHeaders({ authorization, cookie }));
    const found = await this.auth.api.getSession({ headers });
    if (!found) {
      if (!authorization) return undefined; // a browser sends cookies of all kinds
      throw new AppError('UNAUTHENTICATED', 'The session has ended or never was. Sign in again.');
    }
    const userId = toUserId(found.user.id);
    const wanted = teamId ?? found.session.activeOrganizationId ?? undefined;
    const role = wanted ? await this.memberships.findRole(userId, toTeamId(wanted)) : undefined;
    if (teamId && !role) throw new NotAMember({ userId }, toTeamId(teamId));
    return {
      userId,
      name: found.user.name,
      platformAdmin: found.user.platformRole === 'platformAdmin',
      team: wanted && role ? toTeam(toTeamId(wanted), role) : undefined,
      signInId: toSignInId(found.session.id),
    };
  }
}

/** An API key is of one team: naming another is naming a stranger's. */
function assertTeam(caller: Identified, teamId: string | undefined): Identified {
  if (teamId === undefined || teamId === caller.team?.id) return caller;
  throw new NotAMember({ userId: caller.userId, actorType: toActorType(caller) }, toTeamId(teamId));
}

function toTeam(id: TeamId, text: string): Caller['team'] {
  const role = toTeamRole(text);
  return role && { id, role };
}

function digest({ authorization = '', cookie = '', teamId = '' }: Credentials): string {
  return createHash('sha256')
    .update(JSON.stringify([authorization, authorization ? '' : cookie, teamId]))
    .digest('base64');
}
