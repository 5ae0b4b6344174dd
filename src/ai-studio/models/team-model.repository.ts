import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Scope, TeamId } from '@kdx/shared';
import type { Changed } from '../../platform/audit';
import { TeamTransaction } from '../../platform/database';
import { TeamChanges } from '../../platform/tenancy';
import { findCurrentPrices } from '../prices/current-prices.repository';
import type { ModelPrice } from '../prices/price.entity';
import type { ModelCapabilities, ModelPurpose } from './model.entity';
import type { ModelName } from './model-ref';
import { TeamModel, type ModelSettings } from './team-model.entities';

/** A model with what a team set for it and what its use depends on. */
export interface TeamModelRow {
  id: string;
  source: 'catalogue' | 'team';
  providerId: string;
  providerKind: string;
  providerActive: boolean;
  providerBaseUrl: string | null;
  modelKey: string;
  displayName: string;
  status: 'active' | 'archived';
  purpose: ModelPurpose;
  enabledByPlatform: boolean;
  capabilities: ModelCapabilities;
  contextWindow: number | null;
  maxOutputTokens: number | null;
  enabled: boolean;
  isDefault: boolean;
  priority: number | null;
  settings: ModelSettings;
  tokenOrigin: string | null;
  /** In lists, where it is known. */
  price?: ModelPrice | undefined;
  /** Sort key: enabled models in priority order, then the others by name. */
  rank: string;
}

// $1 is the team. The catalogue's models that a team can enable or has enabled, and those of its own endpoints.
const teamModels = (catalogue: 'all' | 'offered') => `
  select model.id, 'catalogue' as source, model.provider_id as "providerId", provider.kind as "providerKind",
         provider.status = 'active' as "providerActive", provider.base_url as "providerBaseUrl",
         model.model_key as "modelKey", model.display_name as "displayName", model.status, model.purpose, model.enabled as "enabledByPlatform",
         model.capabilities, model.context_window as "contextWindow", model.max_output_tokens as "maxOutputTokens",
         coalesce(own.enabled, false) as enabled, coalesce(own.is_default, false) as "isDefault",
         case when own.enabled then own.priority end as priority, coalesce(own.settings, '{}') as settings,
         token.origin as "tokenOrigin",
         case when own.enabled then 'a' || lpad(own.priority::text, 10, '0') else 'b' || model.provider_id || '/' || model.model_key end as rank
    from ai_model model
    join ai_provider provider on provider.id = model.provider_id
    left join ai_team_model own on own.team_id = $1 and own.model_id = model.id
    left join ai_team_token token on token.team_id = $1 and token.provider_id = model.provider_id
   where ${catalogue === 'all' ? 'true' : `own.enabled or (model.status = 'active' and model.purpose = 'chat' and model.enabled and provider.status = 'active')`}
  union all
  select model.id, 'team', model.team_provider_id::text, 'openai-compatible', true, provider.base_url,
         model.model_key, model.display_name, 'active', 'chat', true,
         model.capabilities, model.context_window, model.max_output_tokens,
         coalesce(own.enabled, false), coalesce(own.is_default, false),
         case when own.enabled then own.priority end, coalesce(own.settings, '{}'),
         token.origin,
         case when own.enabled then 'a' || lpad(own.priority::text, 10, '0') else 'b' || model.team_provider_id || '/' || model.model_key end
    from ai_team_provider_model model
    join ai_team_provider provider on provider.team_id = model.team_id and provider.id = model.team_provider_id
    left join ai_team_model own on own.team_id = $1 and own.team_provider_model_id = model.id
    left join ai_team_token token on token.team_id = $1 and token.team_provider_id = model.team_provider_id
   where model.team_id = $1
`;

/** What a team set for models. Every method takes the team first. */
@Injectable()
export class TeamModelRepository {
  constructor(
    @Inject(TeamTransaction) private readonly transaction: TeamTransaction,
    @Inject(TeamChanges) private readonly changes: TeamChanges,
  ) {}

  /** `after` is `[rank, id]` of the last row of the page before. */
  list(teamId: TeamId, after: string[] | undefined, limit: number): Promise<TeamModelRow[]> {
    return this.transaction.run({ teamId }, async (manager) => {
      const rows = await manager.query<TeamModelRow[]>(
        `select * from (${teamModels('offered')}) m where ($2::text is null or (rank collate "C", id) > ($2 collate "C", $3::uuid))
          order by rank collate "C", id limit $4`,
        [teamId, after?.[0] ?? null, after?.[1] ?? null, limit],
      );
      const prices = await findCurrentPrices(
        manager,
        rows.map(({ id }) => id),
      );
      return rows.map((row) => ({ ...row, price: prices.get(row.id) }));
    });
  }

  find(teamId: TeamId, name: ModelName): Promise<TeamModelRow | undefined> {
    return this.transaction.run({ teamId }, (manager) => findRow(manager, teamId, name));
  }

  findDefault(teamId: TeamId): Promise<TeamModelRow | undefined> {
    return this.transaction.run({ teamId }, async (manager) => {
      const [row] = await manager.query<TeamModelRow[]>(
        `select * from (${teamModels('offered')}) m where "isDefault"`,
        [teamId],
      );
      return row;
    });
  }

  /** One change of a team's models at a time. `work` says what it did. */
  change<T>(scope: Scope, work: (models: TeamModelWriter) => Promise<Changed<T>>): Promise<T> {
    return this.changes.commit(scope, async (manager) => {
      await manager.query('select from ai_team where team_id = $1 for update', [scope.teamId]);
      return work(new TeamModelWriter(manager, scope.teamId));
    });
  }
}

/** Writes a team's models inside one transaction that holds the team's lock. */
export class TeamModelWriter {
  constructor(
    private readonly manager: EntityManager,
    private readonly teamId: TeamId,
  ) {}

  find(name: ModelName): Promise<TeamModelRow | undefined> {
    return findRow(this.manager, this.teamId, name);
  }

  listEnabled(): Promise<TeamModelRow[]> {
    return this.manager.query<TeamModelRow[]>(
      `select * from (${teamModels('offered')}) m where enabled order by rank collate "C", id`,
      [this.teamId],
    );
  }

  /** Enables (last in the order), disables (which ends being the default), or sets settings. */
  async set(
    model: TeamModelRow,
    { enabled, settings }: { enabled?: boolean | undefined; settings?: ModelSettings | undefined },
  ): Promise<void> {
    const { teamId } = this;
    const key = model.source === 'catalogue' ? { modelId: model.id } : { teamProviderModelId: model.id };
    const now = new Date();
    const stored = await this.manager.findOneBy(TeamModel, { teamId, ...key });
    const on = enabled ?? stored?.enabled ?? false;
    const priority = on && !stored?.enabled ? await this.nextPriority() : (stored?.priority ?? 0);
    await this.manager.save(TeamModel, {
      teamId,
      id: stored?.id ?? uuidv7(),
      modelId: null,
      teamProviderModelId: null,
      ...key,
      enabled: on,
      isDefault: on && (stored?.isDefault ?? false),
      priority,
      settings: settings ?? stored?.settings ?? {},
      createdAt: stored?.createdAt ?? now,
      updatedAt: now,
    });
  }

  async setDefault(model: TeamModelRow): Promise<void> {
    const { teamId } = this;
    const updatedAt = new Date();
    await this.manager.update(TeamModel, { teamId, isDefault: true }, { isDefault: false, updatedAt });
    await this.manager.update(TeamModel, { teamId, ...keyOf(model) }, { isDefault: true, updatedAt });
  }

  async setOrder(models: TeamModelRow[]): Promise<void> {
    const updatedAt = new Date();
    for (const [priority, model] of models.entries()) {
      await this.manager.update(TeamModel, { teamId: this.teamId, ...keyOf(model) }, { priority, updatedAt });
    }
  }

  private async nextPriority(): Promise<number> {
    const last = await this.manager.maximum(TeamModel, 'priority', { teamId: this.teamId, enabled: true });
    return (last ?? -1) + 1;
  }
}

function keyOf({ source, id }: TeamModelRow): { modelId: string } | { teamProviderModelId: string } {
  return source === 'catalogue' ? { modelId: id } : { teamProviderModelId: id };
}

async function findRow(
  manager: EntityManager,
  teamId: TeamId,
  name: ModelName,
): Promise<TeamModelRow | undefined> {
  const [condition, values] =
    'id' in name
      ? ['id = $2', [name.id]]
      : ['"providerId" = $2 and "modelKey" = $3', [name.providerId, name.modelKey]];
  const [row] = await manager.query<TeamModelRow[]>(
    `select * from (${teamModels('all')}) m where ${condition}`,
    [teamId, ...values],
  );
  return row;
}
