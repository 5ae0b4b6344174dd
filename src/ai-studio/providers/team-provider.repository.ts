import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Scope, TeamId } from '@kdx/shared';
import { changed, difference, unchanged } from '../../platform/audit';
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

  insert(scope: Scope, created: TeamProviderWithModels): Promise<void> {
    const { provider, models } = created;
    return this.changes.commit(scope, async (manager) => {
      await manager.insert(TeamProvider, provider);
      if (models.length > 0) await manager.insert(TeamProviderModel, models);
      return changed(undefined, difference('teamProviders.create', toTarget(provider), null, told(created)));
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
      const before = await findLocked(manager, teamId, id);
      if (!before) return unchanged(null);
      await manager.update(TeamProvider, { teamId, id }, { ...change, updatedAt: new Date() });
      if (models) await replaceModels(manager, teamId, id, models);
      const after = await findLocked(manager, teamId, id);
      if (!after) throw new Error('A provider that is locked stays.');
      const target = toTarget(after.provider);
      return changed(after, difference('teamProviders.update', target, told(before), told(after)));
    });
  }

  delete(scope: Scope, id: string): Promise<boolean> {
    const { teamId } = scope;
    return this.changes.commit(scope, async (manager) => {
      const stored = await findLocked(manager, teamId, id);
      if (!stored) return unchanged(false);
      await manager.delete(TeamProvider, { teamId, id });
      const target = toTarget(stored.provider);
      return changed(true, difference('teamProviders.delete', target, told(stored), null));
    });
  }
}

async function findLocked(
  manager: EntityManager,
  teamId: TeamId,
  id: string,
): Promise<TeamProviderWithModels | null> {
  const provider = await manager.findOne(TeamProvider, {
    where: { teamId, id },
    lock: { mode: 'pessimistic_write' },
  });
  if (!provider) return null;
  const models = await manager.find(TeamProviderModel, {
    where: { teamId, teamProviderId: id },
    order: { id: 'ASC' },
  });
  return { provider, models };
}

function toTarget({ id, displayName }: TeamProvider) {
  return { type: 'teamProvider', id, name: displayName };
}

/** Without the times, which move with every write. */
function toTold({ modelKey, displayName, capabilities, contextWindow, maxOutputTokens }: TeamProviderModel) {
  return { modelKey, displayName, capabilities, contextWindow, maxOutputTokens };
}

function told({ provider: { displayName, baseUrl }, models }: TeamProviderWithModels) {
  return { displayName, baseUrl, models: models.map(toTold) };
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
