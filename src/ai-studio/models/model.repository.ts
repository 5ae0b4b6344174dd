import { Inject, Injectable } from '@nestjs/common';
import { type EntityManager, type FindOptionsWhere } from 'typeorm';
import type { TeamId } from '@kdx/shared';
import { PlatformTransaction, TeamTransaction } from '../../platform/database';
import { TeamChanges } from '../../platform/tenancy';
import { Model } from './model.entity';
import type { ModelName } from './model-ref';

/** What to list of the catalogue. `after` is the sort key `[providerId, modelKey, id]` of the last model of the page before. */
export interface ModelFilter {
  provider?: string | undefined;
  status?: Model['status'] | undefined;
  enabled?: boolean | undefined;
  q?: string | undefined;
  after: string[] | undefined;
  limit: number;
}

/** The global catalogue. Teams read it; only the platform writes. */
@Injectable()
export class ModelRepository {
  constructor(
    @Inject(TeamTransaction) private readonly team: TeamTransaction,
    @Inject(PlatformTransaction) private readonly platform: PlatformTransaction,
    @Inject(TeamChanges) private readonly changes: TeamChanges,
  ) {}

  list(teamId: TeamId, { provider, status, enabled, q, after, limit }: ModelFilter): Promise<Model[]> {
    return this.team.run({ teamId }, async (manager) => {
      const query = manager.createQueryBuilder(Model, 'model');
      if (provider !== undefined) query.andWhere('model.providerId = :provider', { provider });
      if (status !== undefined) query.andWhere('model.status = :status', { status });
      if (enabled !== undefined) query.andWhere('model.enabled = :enabled', { enabled });
      if (q !== undefined) {
        query.andWhere('(model.modelKey ilike :q or model.displayName ilike :q)', {
          q: `%${q.replace(/[\\%_]/g, '\\$&')}%`,
        });
      }
      if (after) {
        query.andWhere(
          '(model.providerId, model.modelKey, model.id) > (:afterProvider, :afterKey, :afterId)',
          {
            afterProvider: after[0],
            afterKey: after[1],
            afterId: after[2],
          },
        );
      }
      return query
        .orderBy('model.providerId')
        .addOrderBy('model.modelKey')
        .addOrderBy('model.id')
        .take(limit)
        .getMany();
    });
  }

  find(name: ModelName): Promise<Model | null> {
    return this.platform.run((manager) => manager.findOneBy(Model, toWhere(name)));
  }

  /** False where the provider has a model of that key already. */
  async insert(model: Model): Promise<boolean> {
    const added = await this.platform.run(async (manager) => {
      const result = await manager
        .createQueryBuilder()
        .insert()
        .into(Model)
        .values(model)
        .orIgnore()
        .returning('id')
        .execute();
      const rows: unknown = result.raw;
      return Array.isArray(rows) && rows.length === 1;
    });
    return added;
  }

  async update(
    id: string,
    change: Partial<Omit<Model, 'id' | 'providerId' | 'modelKey' | 'createdAt'>>,
  ): Promise<Model | null> {
    const updated = await this.platform.run(async (manager: EntityManager) => {
      await manager.update(Model, { id }, { ...change, updatedAt: new Date() });
      return manager.findOneBy(Model, { id });
    });
    await this.changes.announceForAllTeams();
    return updated;
  }

  async delete(name: ModelName): Promise<boolean> {
    const { affected } = await this.platform.run((manager) => manager.delete(Model, toWhere(name)));
    await this.changes.announceForAllTeams();
    return affected === 1;
  }
}

function toWhere(name: ModelName): FindOptionsWhere<Model> {
  return name;
}
