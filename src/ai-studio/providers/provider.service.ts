import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { isUuid, type Scope, type TeamId } from '@kdx/shared';
import type { AuditOrigin } from '../../platform/audit';
import { EgressGuard } from '../../platform/egress';
import { AppError, notFound } from '../../platform/errors';
import { validationFailed } from '../../platform/http';
import { toModelRef } from '../models/model-ref';
import type { TeamProviderModel } from '../models/team-model.entities';
import type { Provider, TeamProvider } from './provider.entities';
import type {
  CreateProviderDto,
  CreateTeamProviderDto,
  ProviderChangesDto,
  ProviderView,
  TeamProviderChangesDto,
  TeamProviderModelDto,
} from './provider.dto';
import { getProviderKind } from './provider-kinds';
import { ProviderRepository } from './provider.repository';
import { TeamProviderRepository, type TeamProviderWithModels } from './team-provider.repository';

/** Who offers models: the global providers, and each team's own endpoints. */
@Injectable()
export class ProviderService {
  constructor(
    @Inject(ProviderRepository) private readonly providers: ProviderRepository,
    @Inject(TeamProviderRepository) private readonly teamProviders: TeamProviderRepository,
    @Inject(EgressGuard) private readonly egress: EgressGuard,
  ) {}

  async list(teamId: TeamId): Promise<ProviderView[]> {
    const [global, own] = [await this.providers.listForTeam(teamId), await this.teamProviders.list(teamId)];
    return [...global.map(toView), ...own.map(toTeamView)];
  }

  /** Throws `CONFLICT` for an id that is taken, `EGRESS_REFUSED` for an address that must not be reached. */
  async create(
    origin: AuditOrigin,
    { id, kind, displayName, baseUrl }: CreateProviderDto,
  ): Promise<ProviderView> {
    if (!/^[a-z][a-z0-9-]*$/.test(id))
      throw validationFailed([{ field: 'id', problem: 'must be lower-case letters, digits and hyphens' }]);
    if (!baseUrl && !getProviderKind(kind).baseUrl)
      throw validationFailed([{ field: 'baseUrl', problem: 'is needed for this kind' }]);
    const now = new Date();
    const address = baseUrl ? await this.check(baseUrl) : null;
    const provider: Provider = {
      id,
      kind,
      displayName,
      baseUrl: address,
      status: 'active',
      catalogueVersion: 0,
      createdAt: now,
      updatedAt: now,
    };
    if (await this.providers.insert(origin, provider)) return toView(provider);
    throw new AppError(
      'CONFLICT',
      `There is a provider ${id} already. Choose another id or change that one.`,
    );
  }

  /** A new address makes the stored keys of every team unusable until they are stored again: they were given for the old one. */
  async update(
    origin: AuditOrigin,
    id: string,
    { displayName, baseUrl, status }: ProviderChangesDto,
  ): Promise<ProviderView> {
    if (!(await this.providers.find(id))) throw notFound('The provider');
    const updated = await this.providers.update(origin, id, {
      ...(displayName === undefined ? {} : { displayName }),
      ...(baseUrl === undefined ? {} : { baseUrl: baseUrl === null ? null : await this.check(baseUrl) }),
      ...(status === undefined ? {} : { status }),
    });
    if (!updated) throw notFound('The provider');
    return toView(updated);
  }

  async delete(origin: AuditOrigin, id: string): Promise<void> {
    if (!(await this.providers.delete(origin, id))) throw notFound('The provider');
  }

  async createForTeam(
    scope: Scope,
    { displayName, baseUrl, models = [] }: CreateTeamProviderDto,
  ): Promise<ProviderView> {
    const now = new Date();
    const { teamId } = scope;
    const provider: TeamProvider = {
      teamId,
      id: uuidv7(),
      displayName,
      baseUrl: await this.check(baseUrl),
      createdAt: now,
      updatedAt: now,
    };
    await this.assertNameFree(teamId, displayName);
    const created = { provider, models: toModels(teamId, provider.id, models) };
    await this.teamProviders.insert(scope, created);
    return toTeamView(created);
  }

  async updateForTeam(
    scope: Scope,
    id: string,
    { displayName, baseUrl, models }: TeamProviderChangesDto,
  ): Promise<ProviderView> {
    const { teamId } = scope;
    if (!isUuid(id)) throw notFound('The provider');
    if (displayName !== undefined) await this.assertNameFree(teamId, displayName, id);
    const change = {
      ...(displayName === undefined ? {} : { displayName }),
      ...(baseUrl === undefined ? {} : { baseUrl: await this.check(baseUrl) }),
    };
    const updated = await this.teamProviders.update(
      scope,
      id,
      change,
      models && toModels(teamId, id, models),
    );
    if (!updated) throw notFound('The provider');
    return toTeamView(updated);
  }

  async deleteForTeam(scope: Scope, id: string): Promise<void> {
    if (!isUuid(id) || !(await this.teamProviders.delete(scope, id))) throw notFound('The provider');
  }

  /** The address as it is stored: checked, without a trailing slash or query. */
  private async check(baseUrl: string): Promise<string> {
    const url = await this.egress.checkUrl(baseUrl);
    return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
  }

  private async assertNameFree(teamId: TeamId, displayName: string, except?: string): Promise<void> {
    const taken = (await this.teamProviders.list(teamId)).some(
      ({ provider }) => provider.displayName === displayName && provider.id !== except,
    );
    if (taken)
      throw new AppError(
        'CONFLICT',
        `The team has a provider named ${displayName} already. Choose another name.`,
      );
  }
}

function toModels(
  teamId: TeamId,
  teamProviderId: string,
  models: TeamProviderModelDto[],
): TeamProviderModel[] {
  const keys = new Set(models.map(({ modelKey }) => modelKey));
  if (keys.size !== models.length)
    throw validationFailed([{ field: 'models', problem: 'must not name a modelKey twice' }]);
  const now = new Date();
  return models.map(({ modelKey, displayName, capabilities, contextWindow, maxOutputTokens }) => ({
    teamId,
    id: uuidv7(),
    teamProviderId,
    modelKey,
    displayName,
    capabilities: { ...capabilities },
    contextWindow: contextWindow ?? null,
    maxOutputTokens: maxOutputTokens ?? null,
    createdAt: now,
    updatedAt: now,
  }));
}

function toView({ id, kind, displayName, baseUrl, status }: Provider): ProviderView {
  const row = getProviderKind(kind);
  return {
    id,
    kind,
    displayName,
    baseUrl: baseUrl ?? row.baseUrl,
    status,
    scope: 'global',
    needsKey: row.key === 'required',
  };
}

function toTeamView({
  provider: { id, displayName, baseUrl },
  models,
}: TeamProviderWithModels): ProviderView {
  return {
    id,
    kind: 'openai-compatible',
    displayName,
    baseUrl,
    status: 'active',
    scope: 'team',
    needsKey: false,
    models: models.map((model) => ({
      id: model.id,
      modelKey: model.modelKey,
      ref: toModelRef(id, model.modelKey),
      displayName: model.displayName,
    })),
  };
}
