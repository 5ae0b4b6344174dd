import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { changed, difference, unchanged } from '../../platform/audit';
import { AcrossTeams, PlatformTransaction } from '../../platform/database';
import { PlatformChanges } from '../../platform/tenancy';
import type { PriceCard, PriceSource } from '../prices/price';
import type { CatalogueModel, ExistingModel, ModelSyncDiff } from './model-sync-diff';
import type { SyncPlan } from './plan';

/** A provider's catalogue at one moment. */
export interface CatalogueState {
  /** Moves with every change of the provider's models. */
  version: number;
  models: ExistingModel[];
}

const batchSize = 2_000;

/** Reads and writes a provider's part of the catalogue as a whole, in batches: statements do not grow with models. */
@Injectable()
export class CatalogueRepository {
  constructor(
    @Inject(PlatformTransaction) private readonly platform: PlatformTransaction,
    @Inject(PlatformChanges) private readonly changes: PlatformChanges,
    @Inject(AcrossTeams) private readonly acrossTeams: AcrossTeams,
  ) {}

  /** `undefined` for a provider that is none. */
  read(providerId: string): Promise<CatalogueState | undefined> {
    return this.platform.run(async (manager) => {
      const [provider] = await manager.query<{ version: number }[]>(
        'select catalogue_version as version from ai_provider where id = $1',
        [providerId],
      );
      if (!provider) return undefined;
      const rows = await manager.query<ModelRow[]>(readModels, [providerId]);
      return { version: provider.version, models: rows.map(toExisting) };
    });
  }

  /** Providers whose catalogue nobody has written to. */
  async listNeverFilled(): Promise<string[]> {
    const rows = await this.platform.run((manager) => manager.query<{ id: string }[]>(neverFilled));
    return rows.map(({ id }) => id);
  }

  /** Fills the catalogue of such a provider from bundled data. False where another replica was first. */
  fill(providerId: string, plan: SyncPlan, at: Date): Promise<boolean> {
    return this.changes.commit({ system: 'start' }, async (manager) => {
      const [provider] = await manager.query<{ version: number }[]>(
        'select catalogue_version as version from ai_provider where id = $1 for update',
        [providerId],
      );
      if (provider?.version !== 0) return unchanged(false);
      await this.write(manager, providerId, plan, 'bundled', at);
      const target = { type: 'provider', id: providerId };
      return changed(true, difference('models.fill', target, null, { models: plan.insert }));
    });
  }

  /** Who uses these models. Ids and names of teams and of their live agents, nothing else that they wrote. */
  async findAffected(providerId: string, models: ExistingModel[]): Promise<ModelSyncDiff['affected']> {
    if (models.length === 0) return { teams: [], agents: [], defaults: [] };
    const keys = new Map(models.map(({ id, modelKey }) => [id, modelKey]));
    const ids = [...keys.keys()];
    const uses = await this.acrossTeams.read<ModelUse>(readUses, [ids]);
    const agents = await this.acrossTeams.read<AffectedAgent>(readAgents, [ids]);
    const teams = new Map(uses.map(({ teamId, name }) => [teamId, { id: teamId, name }]));
    const defaults = uses
      .filter(({ isDefault }) => isDefault)
      .map(({ teamId, modelId }) => ({ teamId, modelRef: `${providerId}/${keys.get(modelId) ?? ''}` }));
    return { teams: [...teams.values()], agents, defaults };
  }

  /** Writes a plan inside the transaction of `manager`, and moves the version of the provider's catalogue. */
  async write(
    manager: EntityManager,
    providerId: string,
    plan: SyncPlan,
    source: 'provider' | 'bundled',
    at: Date,
  ): Promise<void> {
    for (const models of batches(plan.insert))
      await manager.query(insertModels, [providerId, JSON.stringify(models.map(withId)), source, at]);
    for (const updates of batches(plan.update)) {
      const rows = updates.map(({ existing, updated }) => ({
        ...updated,
        id: existing.id,
        returns: existing.status === 'archived',
      }));
      await manager.query(updateModels, [JSON.stringify(rows), source, at]);
    }
    for (const models of batches(plan.archive))
      await manager.query(archiveModels, [providerId, models.map(({ modelKey }) => modelKey), at]);
    for (const prices of batches(plan.prices)) {
      const rows = prices.map(({ modelKey, price }) => ({ ...price, modelKey, id: uuidv7() }));
      await manager.query(insertPrices, [providerId, JSON.stringify(rows), at]);
    }
    await manager.query('update ai_provider set catalogue_version = catalogue_version + 1 where id = $1', [
      providerId,
    ]);
  }
}

interface ModelUse {
  teamId: string;
  name: string;
  modelId: string;
  isDefault: boolean;
}

type AffectedAgent = ModelSyncDiff['affected']['agents'][number];

interface ModelRow extends Omit<ExistingModel, 'releasedAt' | 'deprecatedAt' | 'price'> {
  releasedAt: Date | null;
  deprecatedAt: Date | null;
  card: PriceCard | null;
  priceSource: PriceSource;
  effectiveFrom: Date;
}

function toExisting({ card, priceSource, effectiveFrom, ...row }: ModelRow): ExistingModel {
  return {
    ...row,
    releasedAt: row.releasedAt?.toISOString() ?? null,
    deprecatedAt: row.deprecatedAt?.toISOString() ?? null,
    price: card && { card, source: priceSource, effectiveFrom: effectiveFrom.toISOString() },
  };
}

function withId(model: CatalogueModel): CatalogueModel & { id: string } {
  return { ...model, id: uuidv7() };
}

function* batches<T>(all: T[]): Generator<T[]> {
  for (let start = 0; start < all.length; start += batchSize) yield all.slice(start, start + batchSize);
}

const neverFilled = `
  select id from ai_provider where catalogue_version = 0
     and not exists (select from ai_model where provider_id = ai_provider.id) order by id`;

const readModels = `
  select model.id, model.model_key as "modelKey", model.display_name as "displayName", model.status, model.purpose,
         model.capabilities, model.context_window as "contextWindow", model.max_output_tokens as "maxOutputTokens",
         model.released_at as "releasedAt", model.deprecated_at as "deprecatedAt",
         model.knowledge_cutoff as "knowledgeCutoff", model.source,
         price.card, price.source as "priceSource", price.effective_from as "effectiveFrom"
    from ai_model model
    left join (
      select distinct on (known.model_id) known.model_id, known.card, known.source, known.effective_from
        from ai_model_price known join ai_model on ai_model.id = known.model_id
       where ai_model.provider_id = $1 and known.effective_from <= now()
       order by known.model_id, known.effective_from desc, known.created_at desc
    ) price on price.model_id = model.id
   where model.provider_id = $1 order by model.model_key`;

const readUses = `
  select own.team_id as "teamId", team.name, own.model_id as "modelId", own.is_default as "isDefault"
    from ai_team_model own join team on team.id = own.team_id
   where own.model_id = any($1::uuid[]) and own.enabled order by own.team_id, own.model_id`;

const readAgents = `
  select agent.id, said.name, agent.team_id as "teamId"
    from ai_agent_version said
    join ai_agent agent
      on agent.team_id = said.team_id and agent.id = said.agent_id and agent.version = said.version
   where said.model_id = any($1::uuid[]) and agent.deleted_at is null order by agent.team_id, said.name, agent.id`;

const recordColumns = `
  id uuid, "modelKey" text, "displayName" text, purpose text, capabilities jsonb, "contextWindow" integer,
  "maxOutputTokens" integer, "releasedAt" timestamptz, "deprecatedAt" timestamptz, "knowledgeCutoff" text, returns boolean`;

const insertModels = `
  insert into ai_model (id, provider_id, model_key, display_name, status, enabled, purpose, capabilities, context_window,
                        max_output_tokens, released_at, deprecated_at, knowledge_cutoff, source, source_at, created_at, updated_at)
  select id, $1, "modelKey", "displayName", 'active', true, purpose, capabilities, "contextWindow",
         "maxOutputTokens", "releasedAt", "deprecatedAt", "knowledgeCutoff", $3, $4, $4, $4
    from jsonb_to_recordset($2::jsonb) as model (${recordColumns})`;

const updateModels = `
  update ai_model set display_name = model."displayName", purpose = model.purpose, capabilities = model.capabilities,
         context_window = model."contextWindow", max_output_tokens = model."maxOutputTokens",
         released_at = model."releasedAt", deprecated_at = model."deprecatedAt",
         knowledge_cutoff = model."knowledgeCutoff", status = 'active',
         enabled = ai_model.enabled and not model.returns,
         source = case when ai_model.source = 'manual' then 'manual' else $2 end, source_at = $3, updated_at = $3
    from jsonb_to_recordset($1::jsonb) as model (${recordColumns}) where ai_model.id = model.id`;

const archiveModels = `
  update ai_model set status = 'archived', updated_at = $3 where provider_id = $1 and model_key = any($2::text[])`;

const insertPrices = `
  insert into ai_model_price (id, model_id, card, source, effective_from, created_at)
  select price.id, model.id, price.card, price.source, $3, $3
    from jsonb_to_recordset($2::jsonb)
         as price (id uuid, "modelKey" text, card jsonb, source text)
    join ai_model model on model.provider_id = $1 and model.model_key = price."modelKey"`;
