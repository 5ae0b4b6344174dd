import { Inject, Injectable } from '@nestjs/common';
import type { TeamId } from '@kdx/shared';
import { ENV, type Env } from '../../platform/env';
import { TeamCache, TeamChanges } from '../../platform/tenancy';
import type { WrappedTeamKey } from '../encryption/encryption.service';
import { getProviderKind, originOf } from '../providers/provider-kinds';
import type { PriceCard } from '../prices/price';
import type { ModelCapabilities } from './model.entity';
import type { ModelSettings } from './team-model.entities';
import { TeamSetup } from './team-setup';
import { TeamSnapshotRepository, type SnapshotRows } from './team-snapshot.repository';
import { findObstacle, type Obstacle } from './usability';

/** A provider as a team reaches it. */
export interface SnapshotProvider {
  id: string;
  kind: string;
  displayName: string;
  baseUrl: string;
  origin: string;
}

/** A team's key for a provider, still sealed. */
export interface SnapshotToken {
  id: string;
  version: number;
  sealed: Buffer;
  origin: string;
}

/** A model that the team enabled. */
export interface SnapshotModel {
  id: string;
  /** `<providerId>/<modelKey>` */
  ref: string;
  modelKey: string;
  displayName: string;
  capabilities: ModelCapabilities;
  contextWindow: number | null;
  maxOutputTokens: number | null;
  isDefault: boolean;
  priority: number;
  settings: ModelSettings;
  /** What it costs now; `null` where unknown. */
  price: { id: string; card: PriceCard } | null;
  provider: SnapshotProvider;
  token: SnapshotToken | undefined;
  /** Why it cannot be used now, although it is enabled. */
  obstacle: Obstacle | undefined;
}

/** A team's enabled models at one moment, in priority order, with all that running them takes. */
export interface TeamSnapshot {
  models: SnapshotModel[];
  providers: Map<string, SnapshotProvider>;
  tokens: Map<string, SnapshotToken>;
  keys: WrappedTeamKey[];
}

/** Keeps each team's snapshot in memory, so that preparing an execution asks no database. */
@Injectable()
export class TeamSnapshots {
  private readonly cache: TeamCache<TeamSnapshot>;

  constructor(
    @Inject(TeamSnapshotRepository) private readonly repository: TeamSnapshotRepository,
    @Inject(TeamSetup) private readonly setup: TeamSetup,
    @Inject(ENV) private readonly env: Env,
    @Inject(TeamChanges) changes: TeamChanges,
  ) {
    this.cache = new TeamCache(changes, { maxTeams: 5_000, maxAgeMs: 30_000 });
  }

  /** From memory where possible; at most 30 seconds old even if the news of a change was lost. */
  async get(teamId: TeamId): Promise<TeamSnapshot> {
    return this.cache.peek(teamId, '') ?? (await this.cache.get(teamId, '', () => this.load(teamId)));
  }

  private async load(teamId: TeamId): Promise<TeamSnapshot> {
    const rows = await this.repository.read(teamId);
    if (rows.isSetUp) return toSnapshot(rows, this.env.sandboxEnabled);
    await this.setup.ensure(teamId);
    return toSnapshot(await this.repository.read(teamId), this.env.sandboxEnabled);
  }
}

function toSnapshot(rows: SnapshotRows, sandboxEnabled: boolean): TeamSnapshot {
  const providers = new Map(
    rows.providers.map(({ id, kind, displayName, baseUrl }) => {
      const url = baseUrl ?? getProviderKind(kind).baseUrl;
      return [id, { id, kind, displayName, baseUrl: url, origin: originOf(url) }];
    }),
  );
  const tokens = new Map(
    rows.tokens.map(({ providerId, sealed, ...token }) => [
      providerId,
      { ...token, sealed: Buffer.from(sealed, 'base64') },
    ]),
  );
  const active = new Set(rows.providers.filter((provider) => provider.active).map(({ id }) => id));
  const models = rows.models.map(
    ({ providerId, status, purpose, enabledByPlatform, ...model }): SnapshotModel => {
      const provider = providers.get(providerId);
      if (!provider) throw new Error('A model without its provider: the foreign key forbids it.');
      const token = tokens.get(providerId);
      const ref = `${providerId}/${model.modelKey}`;
      const obstacle = findObstacle(
        {
          ref,
          providerId,
          providerKind: provider.kind,
          providerActive: active.has(providerId),
          providerOrigin: provider.origin,
          status,
          purpose,
          enabledByPlatform,
          enabledByTeam: true,
          tokenOrigin: token?.origin,
        },
        sandboxEnabled,
      );
      return { ...model, ref, provider, token, obstacle };
    },
  );
  const keys = rows.keys.map(({ wrapped, ...key }) => ({ ...key, wrapped: Buffer.from(wrapped, 'base64') }));
  return { models, providers, tokens, keys };
}
