import { Inject, Injectable } from '@nestjs/common';
import { type EntityManager, type FindOptionsWhere } from 'typeorm';
import type { TeamId } from '@kdx/shared';
import { changed, difference, unchanged, type AuditOrigin } from '../../platform/audit';
import { PlatformTransaction, TeamTransaction } from '../../platform/database';
import { PlatformChanges } from '../../platform/tenancy';
import { findCurrentPrices } from '../prices/current-prices.repository';
import type { ModelPrice } from '../prices/price.entity';
import { Model, type ModelPurpose } from './model.entity';
import { toModelRef, type ModelName } from './model-ref';

/** What to list of the catalogue. `after` is the sort key `[providerId, modelKey, id]` of the last model of the page before. */
export interface ModelFilter {
  provider?: string | undefined;
  status?: Model['status'] | undefined;
  enabled?: boolean | undefined;
  purpose?: ModelPurpose | undefined;
  q?: string | undefined;
  after: string[] | undefined;
  limit: number;
}

/** A model with what it costs now; `undefined` where that is unknown. */
export type PricedModel = Model & { price: ModelPrice | undefined };

/** The global catalogue. Teams read it; only the platform writes. */
@Injectable()
export class ModelRepository {
  constructor(
    @Inject(TeamTransaction) private readonly team: TeamTransaction,
    @Inject(PlatformTransaction) private readonly platform: PlatformTransaction,
    @Inject(PlatformChanges) private readonly changes: PlatformChanges,
  ) {}

  list(
    teamId: TeamId,
    { provider, status, enabled, purpose, q, after, limit }: ModelFilter,
  ): Promise<PricedModel[]> {
    return this.team.run({ teamId }, async (manager) => {
      const query = manager.createQueryBuilder(Model, 'model');
      if (provider !== undefined) query.andWhere('model.providerId = :provider', { provider });
      if (status !== undefined) query.andWhere('model.status = :status', { status });
      if (enabled !== undefined) query.andWhere('model.enabled = :enabled', { enabled });
      if (purpose !== undefined) query.andWhere('model.purpose = :purpose', { purpose });
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
      const models = await query
        .orderBy('model.providerId')
        .addOrderBy('model.modelKey')
        .addOrderBy('model.id')
        .take(limit)
        .getMany();
      return withPrices(manager, models);
    });
  }

  find(name: ModelName): Promise<Model | null> {
    return this.platform.run((manager) => manager.findOneBy(Model, toWhere(name)));
  }

  /** False where the provider has a model of that key already. */
  insert(origin: AuditOrigin, model: Model): Promise<boolean> {
    return this.changes.commit(origin, async (manager) => {
      const result = await manager
        .createQueryBuilder()
        .insert()
        .into(Model)
        .values(model)
        .orIgnore()
        .returning('id')
        .execute();
      const rows: unknown = result.raw;
      if (!Array.isArray(rows) || rows.length !== 1) return unchanged(false);
      await moveCatalogue(manager, model.providerId);
      return changed(true, difference('models.create', toTarget(model), null, model));
    });
  }

  /** `null` where there is none. */
  update(
    origin: AuditOrigin,
    id: string,
    change: Partial<Omit<Model, 'id' | 'providerId' | 'modelKey' | 'createdAt'>>,
  ): Promise<PricedModel | null> {
    return this.changes.commit<PricedModel | null>(origin, async (manager) => {
      const before = await manager.findOne(Model, { where: { id }, lock: { mode: 'pessimistic_write' } });
      if (!before) return unchanged(null);
      await manager.update(Model, { id }, { ...change, updatedAt: new Date() });
      const model = await manager.findOneByOrFail(Model, { id });
      await moveCatalogue(manager, model.providerId);
      const events = difference('models.update', toTarget(model), before, model);
      const [priced] = await withPrices(manager, [model]);
      return changed(priced ?? null, events);
    });
  }

  delete(origin: AuditOrigin, name: ModelName): Promise<boolean> {
    return this.changes.commit(origin, async (manager) => {
      const model = await manager.findOne(Model, {
        where: toWhere(name),
        lock: { mode: 'pessimistic_write' },
      });
      if (!model) return unchanged(false);
      await manager.delete(Model, { id: model.id });
      await moveCatalogue(manager, model.providerId);
      return changed(true, difference('models.delete', toTarget(model), model, null));
    });
  }
}

function toTarget({ id, providerId, modelKey }: Model) {
  return { type: 'model', id, name: toModelRef(providerId, modelKey) };
}

function toWhere(name: ModelName): FindOptionsWhere<Model> {
  return name;
}

/** Whoever compared with the catalogue as it was is told so. */
async function moveCatalogue(manager: EntityManager, providerId: string): Promise<void> {
  await manager.query('update ai_provider set catalogue_version = catalogue_version + 1 where id = $1', [
    providerId,
  ]);
}

async function withPrices(manager: EntityManager, models: Model[]): Promise<PricedModel[]> {
  const prices = await findCurrentPrices(
    manager,
    models.map(({ id }) => id),
  );
  return models.map((model) => Object.assign(model, { price: prices.get(model.id) }));
}
