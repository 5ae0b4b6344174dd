import { Inject, Injectable } from '@nestjs/common';
import { isUuid, type Scope, type TeamId } from '@kdx/shared';
import { changed, difference, unchanged } from '../../platform/audit';
import { TeamTransaction } from '../../platform/database';
import { AppError } from '../../platform/errors';
import { TeamChanges } from '../../platform/tenancy';
import { ProviderToken } from './token.entity';

/** What a new or replaced key stores. */
export type SealedToken = Pick<ProviderToken, 'id' | 'sealed' | 'origin' | 'last4' | 'fingerprint'>;

/** The sealed keys of teams. Every method takes the team first. */
@Injectable()
export class TokenRepository {
  constructor(
    @Inject(TeamTransaction) private readonly transaction: TeamTransaction,
    @Inject(TeamChanges) private readonly changes: TeamChanges,
  ) {}

  list(teamId: TeamId): Promise<ProviderToken[]> {
    return this.transaction.run({ teamId }, (manager) =>
      manager.find(ProviderToken, { where: { teamId }, order: { id: 'ASC' } }),
    );
  }

  find(teamId: TeamId, providerId: string): Promise<ProviderToken | null> {
    return this.transaction.run({ teamId }, (manager) =>
      manager.findOneBy(ProviderToken, { teamId, ...providerKey(providerId) }),
    );
  }

  /** Creates the key or replaces it in its row. `CONFLICT` where another row came to be since the caller looked. */
  save(scope: Scope, providerId: string, sealed: SealedToken): Promise<ProviderToken> {
    const { teamId } = scope;
    const key = providerKey(providerId);
    return this.changes.commit(scope, async (manager) => {
      const stored = await manager.findOne(ProviderToken, {
        where: { teamId, ...key },
        lock: { mode: 'pessimistic_write' },
      });
      if (stored && stored.id !== sealed.id)
        throw new AppError(
          'CONFLICT',
          'The key was stored by somebody else at the same moment. Read again and retry.',
        );
      const now = new Date();
      const token: ProviderToken = await manager.save(ProviderToken, {
        teamId,
        providerId: null,
        teamProviderId: null,
        ...key,
        ...sealed,
        version: (stored?.version ?? 0) + 1,
        lastUsedAt: null,
        createdAt: stored?.createdAt ?? now,
        updatedAt: now,
      });
      return changed(token, difference('tokens.save', toTarget(providerId), told(stored), told(token)));
    });
  }

  /** Puts the same key, sealed anew, in the place of what the caller read, and only of that. False where it changed since. */
  async reseal(
    teamId: TeamId,
    { id, sealed: from }: Pick<ProviderToken, 'id' | 'sealed'>,
    to: Pick<ProviderToken, 'sealed' | 'fingerprint'>,
  ): Promise<boolean> {
    const { affected } = await this.transaction.run({ teamId }, (manager) =>
      manager.update(ProviderToken, { teamId, id, sealed: from }, to),
    );
    return affected === 1;
  }

  delete(scope: Scope, providerId: string): Promise<boolean> {
    return this.changes.commit(scope, async (manager) => {
      const key = { teamId: scope.teamId, ...providerKey(providerId) };
      const stored = await manager.findOne(ProviderToken, {
        where: key,
        lock: { mode: 'pessimistic_write' },
      });
      if (!stored) return unchanged(false);
      await manager.delete(ProviderToken, key);
      return changed(true, difference('tokens.remove', toTarget(providerId), told(stored), null));
    });
  }
}

function toTarget(providerId: string) {
  return { type: 'token', id: providerId };
}

/** What the audit log may have the fingerprint of: nothing that is the key or its ciphertext. */
function told(token: ProviderToken | null) {
  return token && { origin: token.origin, fingerprint: token.fingerprint, version: token.version };
}

/** A global provider has a short name, a team's own a UUID. */
function providerKey(id: string): { providerId: string } | { teamProviderId: string } {
  return isUuid(id) ? { teamProviderId: id } : { providerId: id };
}
