import { Inject, Injectable } from '@nestjs/common';
import { isUuid, type Scope, type TeamId } from '@kdx/shared';
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
      return manager.save(ProviderToken, {
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
    });
  }

  async delete(scope: Scope, providerId: string): Promise<boolean> {
    const { affected } = await this.changes.commit(scope, (manager) =>
      manager.delete(ProviderToken, { teamId: scope.teamId, ...providerKey(providerId) }),
    );
    return affected === 1;
  }
}

/** A global provider has a short name, a team's own a UUID. */
function providerKey(id: string): { providerId: string } | { teamProviderId: string } {
  return isUuid(id) ? { teamProviderId: id } : { providerId: id };
}
