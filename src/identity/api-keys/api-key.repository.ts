import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Scope, TeamId } from '@kdx/shared';
import { changed, difference, unchanged } from '../../platform/audit';
import { TeamTransaction } from '../../platform/database';
import { AppError } from '../../platform/errors';
import { TeamChanges } from '../../platform/tenancy';
import { ApiKey } from './api-key.entity';
import { apiKeyNotValid } from './api-key-not-valid';

const maxKeysPerTeam = 100;

/** Keys of teams. Every method takes the team first. */
@Injectable()
export class ApiKeyRepository {
  constructor(
    @Inject(TeamTransaction) private readonly transaction: TeamTransaction,
    @Inject(TeamChanges) private readonly changes: TeamChanges,
  ) {}

  /** Newest first, those after the one with the id `after`. */
  list(teamId: TeamId, after: string | undefined, limit: number): Promise<ApiKey[]> {
    return this.transaction.run({ teamId }, (manager) => {
      const query = manager.createQueryBuilder(ApiKey, 'key').where('key.teamId = :teamId', { teamId });
      if (after !== undefined) query.andWhere('key.id < :after', { after });
      return query.orderBy('key.id', 'DESC').take(limit).getMany();
    });
  }

  /**
   * Throws `CONFLICT` where the team has as many as it may, and `UNAUTHENTICATED` where a key makes it that was revoked
   * at the same moment: nothing is made by a key that is gone.
   */
  insert(scope: Scope, key: ApiKey): Promise<ApiKey> {
    const { teamId, userId } = scope;
    return this.changes.commit(scope, async (manager) => {
      await lockKeys(manager, teamId);
      if (scope.actorType === 'apiKey' && !(await manager.existsBy(ApiKey, { teamId, id: userId })))
        throw apiKeyNotValid();
      if ((await manager.countBy(ApiKey, { teamId })) >= maxKeysPerTeam)
        throw new AppError(
          'CONFLICT',
          `The team has ${maxKeysPerTeam} API keys, and cannot have more. Delete those that have expired or that nobody uses.`,
        );
      await manager.insert(ApiKey, key);
      return changed(key, difference('apiKeys.create', toTarget(key), null, told(key)));
    });
  }

  /** False where there is none, or not any more. What the key had of its own, such as conversations, goes with it. */
  delete(scope: Scope, id: string): Promise<boolean> {
    const { teamId } = scope;
    return this.changes.commit(scope, async (manager) => {
      await lockKeys(manager, teamId);
      const key = await manager.findOneBy(ApiKey, { teamId, id });
      if (!key) return unchanged(false);
      await manager.delete(ApiKey, { teamId, id });
      return changed(true, difference('apiKeys.delete', toTarget(key), told(key), null));
    });
  }

  /** Not where another process said so less than a minute before. */
  async markUsed(teamId: TeamId, id: string, at: Date): Promise<void> {
    await this.transaction.pipeline({ teamId }, [[markUsed, [teamId, id, at]]]);
  }
}

const markUsed = `
  update api_key set last_used_at = $3
   where team_id = $1 and id = $2 and (last_used_at is null or last_used_at <= $3::timestamptz - interval '1 minute')`;

/** One change of a team's keys at a time; ends with the transaction. */
async function lockKeys(manager: EntityManager, teamId: TeamId): Promise<void> {
  await manager.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`api-keys:${teamId}`]);
}

function toTarget({ id, name }: ApiKey) {
  return { type: 'apiKey', id, name };
}

/** Neither the digest nor what is left of the secret. */
function told({ name, scopes, expiresAt, createdBy }: ApiKey): object {
  return { name, scopes, expiresAt, createdBy };
}
