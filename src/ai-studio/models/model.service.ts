import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { TeamId } from '@kdx/shared';
import type { AuditOrigin } from '../../platform/audit';
import { AppError, notFound } from '../../platform/errors';
import { defaultPageSize, parseCursor, toPage, type Page } from '../../platform/http';
import { ProviderRepository } from '../providers/provider.repository';
import type { Model } from './model.entity';
import { parseModelName, toModelRef } from './model-ref';
import { toPriceView } from '../prices/price.dto';
import type { CatalogueEntryView, CreateModelDto, FindModelsDto, ModelChangesDto } from './model.dto';
import { ModelRepository, type PricedModel } from './model.repository';

/** The global catalogue: what models exist. */
@Injectable()
export class ModelService {
  constructor(
    @Inject(ModelRepository) private readonly models: ModelRepository,
    @Inject(ProviderRepository) private readonly providers: ProviderRepository,
  ) {}

  async list(
    teamId: TeamId,
    { cursor, limit = defaultPageSize, ...filter }: FindModelsDto,
  ): Promise<Page<CatalogueEntryView>> {
    const rows = await this.models.list(teamId, {
      ...filter,
      after: parseCursor(cursor, 3),
      limit: limit + 1,
    });
    const page = toPage(rows, limit, ({ providerId, modelKey, id }) => [providerId, modelKey, id]);
    return { ...page, items: page.items.map(toModelView) };
  }

  /** Throws `NOT_FOUND` for a provider that is none, `CONFLICT` for a model that is there already. */
  async create(
    origin: AuditOrigin,
    { providerId, modelKey, ...given }: CreateModelDto,
  ): Promise<CatalogueEntryView> {
    if (!(await this.providers.find(providerId))) throw notFound('The provider');
    const now = new Date();
    const model: Model = {
      id: uuidv7(),
      providerId,
      modelKey,
      displayName: given.displayName,
      status: 'active',
      enabled: true,
      capabilities: { ...given.capabilities },
      contextWindow: given.contextWindow ?? null,
      maxOutputTokens: given.maxOutputTokens ?? null,
      purpose: given.purpose ?? 'chat',
      releasedAt: null,
      deprecatedAt: null,
      knowledgeCutoff: null,
      source: 'manual',
      sourceAt: null,
      createdAt: now,
      updatedAt: now,
    };
    if (await this.models.insert(origin, model)) return toModelView({ ...model, price: undefined });
    throw new AppError(
      'CONFLICT',
      `${toModelRef(providerId, modelKey)} is in the catalogue already. Change it instead.`,
    );
  }

  async update(
    origin: AuditOrigin,
    modelId: string,
    { displayName, status, enabled, capabilities, contextWindow, maxOutputTokens }: ModelChangesDto,
  ): Promise<CatalogueEntryView> {
    const known = await this.get(modelId);
    const { id } = known;
    if (enabled && (status ?? known.status) === 'archived') throw archived(known);
    const returns = status === 'active' && known.status === 'archived' && known.source !== 'manual';
    const updated = await this.models.update(origin, id, {
      ...(displayName === undefined ? {} : { displayName }),
      ...(status === undefined ? {} : { status }),
      ...(enabled === undefined ? (returns ? { enabled: false } : {}) : { enabled }),
      ...(capabilities === undefined ? {} : { capabilities: { ...capabilities } }),
      ...(contextWindow === undefined ? {} : { contextWindow }),
      ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    });
    if (!updated) throw notFound('The model');
    return toModelView(updated);
  }

  async delete(origin: AuditOrigin, modelId: string): Promise<void> {
    if (!(await this.models.delete(origin, parseModelName(modelId)))) throw notFound('The model');
  }

  private async get(modelId: string): Promise<Model> {
    const model = await this.models.find(parseModelName(modelId));
    if (!model) throw notFound('The model');
    return model;
  }
}

function archived({ providerId, modelKey }: Model): AppError {
  const modelRef = toModelRef(providerId, modelKey);
  return new AppError(
    'MODEL_NOT_AVAILABLE',
    `${modelRef} is archived, and cannot be enabled like that. Where its provider still offers it, bring it back with it: status active (PATCH /api/v1/models/${encodeURIComponent(modelRef)}).`,
    { details: { modelRef, set: `PATCH /api/v1/models/${encodeURIComponent(modelRef)}` } },
  );
}

function toModelView(model: PricedModel): CatalogueEntryView {
  const {
    id,
    providerId,
    modelKey,
    displayName,
    status,
    enabled,
    capabilities,
    contextWindow,
    maxOutputTokens,
    purpose,
    knowledgeCutoff,
    source,
    price,
  } = model;
  const ref = toModelRef(providerId, modelKey);
  return {
    id,
    providerId,
    modelKey,
    ref,
    displayName,
    status,
    enabled,
    capabilities,
    contextWindow,
    maxOutputTokens,
    purpose,
    releasedAt: model.releasedAt?.toISOString() ?? null,
    deprecatedAt: model.deprecatedAt?.toISOString() ?? null,
    knowledgeCutoff,
    source,
    sourceAt: model.sourceAt?.toISOString() ?? null,
    ...(price ? { price: toPriceView(price) } : {}),
  };
}
