import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Scope, TeamId } from '@kdx/shared';
import { TeamTransaction } from '../../platform/database';
import { TeamChanges } from '../../platform/tenancy';
import { TeamProviderModel } from '../models/team-model.entities';
import { TeamProvider } from './provider.entities';

/** A team's own endpoint with the models that it serves. */
export interface TeamProviderWithModels {
  provider: TeamProvider;
  models: TeamProviderModel[];
}

/** A team's own endpoints. Every method takes the team first. */
@Injectable()
export class TeamProviderRepository {
  constructor(
    @Inject(TeamTransaction) private readonly transaction: TeamTransaction,
    @Inject(TeamChanges) private readonly changes: TeamChanges,
  ) {}

  list(teamId: TeamId): Promise<TeamProviderWithModels[]> {
    return this.transaction.run({ teamId }, async (manager) => {
      const providers = await manager.find(TeamProvider, { where: { teamId }, order: { id: 'ASC' } });
      const models = await manager.find(TeamProviderModel, { where: { teamId }, order: { id: 'ASC' } });
      return providers.map((provider) => ({
        provider,
        models: models.filter(({ teamProviderId }) => teamProviderId === provider.id),
      }));
    });
  }

  find(teamId: TeamId, id: string): Promise<TeamProvider | null> {
    return this.transaction.run({ teamId }, (manager) => manager.findOneBy(TeamProvider, { teamId, id }));
  }

  insert(scope: Scope, { provider, models }: TeamProviderWithModels): Promise<void> {
    return this.changes.commit(scope, async (manager) => {
      await manager.insert(TeamProvider, provider);
      if (models.length > 0) await manager.insert(TeamProviderModel, models);
    });
  }

  /** Changes the endpoint and, where `models` is given, makes its list exactly that: models that stay keep their settings. */
  update(
    scope: Scope,
    id: string,
    change: Partial<Pick<TeamProvider, 'displayName' | 'baseUrl'>>,
    models: TeamProviderModel[] | undefined,
  ): Promise<TeamProviderWithModels | null> {
    const { teamId } = scope;
    return this.changes.commit(scope, async (manager) => {
      await manager.update(TeamProvider, { teamId, id }, { ...change, updatedAt: new Date() });
      const provider = await manager.findOneBy(TeamProvider, { teamId, id });
      if (!provider) return null;
      if (models) await replaceModels(manager, teamId, id, models);
      return {
        provider,
        models: await manager.find(TeamProviderModel, {
          where: { teamId, teamProviderId: id },
          order: { id: 'ASC' },
        }),
      };
    });
  }

  async delete(scope: Scope, id: string): Promise<boolean> {
    const result = await this.changes.commit(scope, (manager) =>
      manager.delete(TeamProvider, { teamId: scope.teamId, id }),
    );
    return result.affected === 1;
  }
}

async function replaceModels(
  manager: EntityManager,
  teamId: TeamId,
  teamProviderId: string,
  wanted: TeamProviderModel[],
): Promise<void> {
  const stored = await manager.findBy(TeamProviderModel, { teamId, teamProviderId });
  for (const model of stored) {
    if (!wanted.some(({ modelKey }) => modelKey === model.modelKey))
      await manager.delete(TeamProviderModel, { teamId, id: model.id });
  }
  for (const model of wanted) {
    const same = stored.find(({ modelKey }) => modelKey === model.modelKey);
    if (same) await manager.save(TeamProviderModel, { ...model, id: same.id, createdAt: same.createdAt });
    else await manager.insert(TeamProviderModel, model);
  }
}
