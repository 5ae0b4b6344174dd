import { Inject, Injectable } from '@nestjs/common';
import type { TeamId } from '@kdx/shared';
import { TeamTransaction } from '../../platform/database';
import type { PriceCard } from '../prices/price';
import type { ModelCapabilities, ModelPurpose } from './model.entity';
import type { ModelSettings } from './team-model.entities';

/** Rows of a snapshot, as the statement answers them. */
export interface SnapshotRows {
  /** False for a team that AI Studio sees for the first time. */
  isSetUp: boolean;
  models: {
    /** Catalogue model or model of a team's endpoint. */
    id: string;
    providerId: string;
    modelKey: string;
    displayName: string;
    status: 'active' | 'archived';
    purpose: ModelPurpose;
    enabledByPlatform: boolean;
    capabilities: ModelCapabilities;
    contextWindow: number | null;
    maxOutputTokens: number | null;
    isDefault: boolean;
    priority: number;
    settings: ModelSettings;
    /** What it costs now; `null` where unknown. */
    price: { id: string; card: PriceCard } | null;
  }[];
  providers: { id: string; kind: string; displayName: string; baseUrl: string | null; active: boolean }[];
  /** `sealed` and `wrapped` are base64. */
  tokens: { id: string; providerId: string; sealed: string; origin: string; version: number }[];
  keys: { id: string; wrapped: string; kekId: string; kekVersion: string }[];
}

const team = `(select current_setting('app.team_id')::uuid)`;

/*
 * All that preparing an execution needs of a team, in one statement and one round trip. It reads across this room's
 * tables on purpose: `settings` of a model, the key that it needs and the key that opens that key belong to one moment.
 */
const snapshotStatement = `
  select
    exists (select from ai_team where team_id = ${team}) as "isSetUp",
    (select coalesce(json_agg(row_to_json(m) order by m.priority, m.id), '[]') from (
       select model.id, model.provider_id as "providerId", model.model_key as "modelKey", model.display_name as "displayName",
              model.status, model.purpose, model.enabled as "enabledByPlatform", model.capabilities, model.context_window as "contextWindow",
              model.max_output_tokens as "maxOutputTokens", own.is_default as "isDefault", own.priority, own.settings,
              (select json_build_object('id', price.id, 'card', price.card) from ai_model_price price
                where price.model_id = model.id and price.effective_from <= now()
                order by price.effective_from desc, price.created_at desc limit 1) as price
         from ai_team_model own join ai_model model on model.id = own.model_id
        where own.team_id = ${team} and own.enabled
       union all
       select model.id, model.team_provider_id::text, model.model_key, model.display_name,
              'active', 'chat', true, model.capabilities, model.context_window,
              model.max_output_tokens, own.is_default, own.priority, own.settings, null
         from ai_team_model own
         join ai_team_provider_model model on model.team_id = own.team_id and model.id = own.team_provider_model_id
        where own.team_id = ${team} and own.enabled
     ) m) as models,
    (select coalesce(json_agg(json_build_object('id', id, 'kind', kind, 'displayName', name, 'baseUrl', base_url, 'active', active)), '[]') from (
       select id, kind, display_name as name, base_url, status = 'active' as active from ai_provider
       union all
       select id::text, 'openai-compatible', display_name, base_url, true from ai_team_provider where team_id = ${team}
     ) p) as providers,
    (select coalesce(json_agg(json_build_object('id', id, 'providerId', coalesce(provider_id, team_provider_id::text),
              'sealed', encode(sealed, 'base64'), 'origin', origin, 'version', version)), '[]')
       from ai_team_token where team_id = ${team}) as tokens,
    (select coalesce(json_agg(json_build_object('id', id, 'wrapped', encode(wrapped, 'base64'), 'kekId', kek_id, 'kekVersion', kek_version)), '[]')
       from team_key where team_id = ${team}) as keys
`;

@Injectable()
export class TeamSnapshotRepository {
  constructor(@Inject(TeamTransaction) private readonly transaction: TeamTransaction) {}

  async read(teamId: TeamId): Promise<SnapshotRows> {
    const [rows] = await this.transaction.readOne<SnapshotRows>({ teamId }, snapshotStatement);
    if (!rows) throw new Error('The snapshot statement always answers one row.');
    return rows;
  }
}
