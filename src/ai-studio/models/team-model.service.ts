import { Inject, Injectable } from '@nestjs/common';
import type { Scope, TeamId } from '@kdx/shared';
import { changed, difference } from '../../platform/audit';
import { ENV, type Env } from '../../platform/env';
import { AppError, notFound } from '../../platform/errors';
import { defaultPageSize, parseCursor, toPage, validationFailed, type Page } from '../../platform/http';
import { EncryptionService } from '../encryption/encryption.service';
import { getProviderKind, originOf } from '../providers/provider-kinds';
import { toPriceView } from '../prices/price.dto';
import { isModelNamed, parseModelName, toModelRef, type ModelName } from './model-ref';
import type {
  FindTeamModelsDto,
  ModelSettingsDto,
  TeamModelChangesDto,
  TeamModelView,
} from './team-model.dto';
import type { ModelSettings } from './team-model.entities';
import { TeamModelRepository, type TeamModelRow, type TeamModelWriter } from './team-model.repository';
import { TeamSetup } from './team-setup';
import { TeamSnapshots } from './team-snapshot';
import { findObstacle, toError, type Obstacle } from './usability';

/** Which models a team uses: enabled, default, fallback order, settings. */
@Injectable()
export class TeamModelService {
  constructor(
    @Inject(TeamModelRepository) private readonly models: TeamModelRepository,
    @Inject(TeamSetup) private readonly setup: TeamSetup,
    @Inject(TeamSnapshots) private readonly snapshots: TeamSnapshots,
    @Inject(EncryptionService) private readonly encryption: EncryptionService,
    @Inject(ENV) private readonly env: Env,
  ) {}

  async list(
    teamId: TeamId,
    { cursor, limit = defaultPageSize }: FindTeamModelsDto,
  ): Promise<Page<TeamModelView>> {
    await this.setup.ensure(teamId);
    const rows = await this.models.list(teamId, parseCursor(cursor, 2), limit + 1);
    const page = toPage(rows, limit, ({ rank, id }) => [rank, id]);
    return { ...page, items: await this.toViews(teamId, page.items) };
  }

  /** Throws `NO_DEFAULT_MODEL` where the team has chosen none. */
  async getDefault(teamId: TeamId): Promise<TeamModelView> {
    await this.setup.ensure(teamId);
    const row = await this.models.findDefault(teamId);
    if (!row) throw noDefaultModel();
    return this.toView(teamId, row);
  }

  /** Why a model that is not among the team's enabled ones cannot be used: `MODEL_NOT_AVAILABLE`, or `NOT_FOUND`. */
  async explainAbsence(teamId: TeamId, modelId: string): Promise<AppError> {
    const row = await this.models.find(teamId, parseModelName(modelId));
    const obstacle = row && this.findObstacle(row);
    if (!row || !obstacle) return notFound('The model');
    return toError(obstacle, refOf(row));
  }

  /** Throws `MODEL_NOT_AVAILABLE` when enabling what is archived or disabled for all teams. */
  async update(
    scope: Scope,
    modelId: string,
    { enabled, settings }: TeamModelChangesDto,
  ): Promise<TeamModelView> {
    return this.changeOne(scope, modelId, async (model, set) => {
      if (enabled) this.assertCanEnable(model);
      await set({ enabled, settings: settings && toSettings(settings) });
    });
  }

  /** Throws `MODEL_NOT_AVAILABLE` unless the model is enabled in the team and offered. A missing key does not prevent it. */
  async setDefault(scope: Scope, modelId: string): Promise<TeamModelView> {
    await this.setup.ensure(scope.teamId);
    const name = parseModelName(modelId);
    const row = await this.models.change(scope, async (writer) => {
      const model = await writer.find(name);
      if (!model) throw notFound('The model');
      const obstacle = this.findObstacle(model);
      if (obstacle?.code === 'MODEL_NOT_AVAILABLE') throw toError(obstacle, refOf(model));
      const before = (await writer.listEnabled()).find(({ isDefault }) => isDefault);
      await writer.setDefault(model);
      const events = difference(
        'teamModels.setDefault',
        toTarget(model),
        { default: before ? refOf(before) : null },
        { default: refOf(model) },
      );
      return changed(await getFrom(writer, name), events);
    });
    return this.toView(scope.teamId, row);
  }

  /** Sets the fallback order; `modelIds` must be exactly the enabled models. */
  async reorder(scope: Scope, modelIds: string[]): Promise<TeamModelView[]> {
    await this.setup.ensure(scope.teamId);
    const rows = await this.models.change(scope, async (writer) => {
      const enabled = await writer.listEnabled();
      const named = modelIds.map(parseModelName);
      const ordered = named.map((name) =>
        enabled.find((row) => isModelNamed(name, { id: row.id, ref: refOf(row) })),
      );
      const known = ordered.filter((row) => row !== undefined);
      if (known.length !== enabled.length || new Set(known).size !== ordered.length) {
        throw validationFailed([
          {
            field: 'modelIds',
            problem: `must name each enabled model once: ${enabled.map(refOf).join(', ') || 'none is enabled'}`,
          },
        ]);
      }
      await writer.setOrder(known);
      const orders = [{ order: enabled.map(refOf) }, { order: known.map(refOf) }] as const;
      const events = difference('teamModels.reorder', { type: 'teamModels', id: null }, ...orders);
      return changed(await writer.listEnabled(), events);
    });
    return this.toViews(scope.teamId, rows);
  }

  private async changeOne(
    scope: Scope,
    modelId: string,
    change: (
      model: TeamModelRow,
      set: (values: { enabled?: boolean | undefined; settings?: ModelSettings | undefined }) => Promise<void>,
    ) => Promise<void>,
  ): Promise<TeamModelView> {
    await this.setup.ensure(scope.teamId);
    const name = parseModelName(modelId);
    const row = await this.models.change(scope, async (writer) => {
      const model = await writer.find(name);
      if (!model) throw notFound('The model');
      await change(model, (values) => writer.set(model, values));
      const next = await getFrom(writer, name);
      return changed(next, difference('teamModels.update', toTarget(model), told(model), told(next)));
    });
    return this.toView(scope.teamId, row);
  }

  private assertCanEnable(model: TeamModelRow): void {
    const obstacle = this.findObstacle({ ...model, enabled: true });
    if (obstacle?.code === 'MODEL_NOT_AVAILABLE') throw toError(obstacle, refOf(model));
  }

  private findObstacle(row: TeamModelRow): Obstacle | undefined {
    const { providerId, providerKind, providerActive, status, purpose, enabledByPlatform } = row;
    return findObstacle(
      {
        ref: refOf(row),
        providerId,
        providerKind,
        providerActive,
        providerOrigin: originOf(row.providerBaseUrl ?? getProviderKind(providerKind).baseUrl),
        status,
        purpose,
        enabledByPlatform,
        enabledByTeam: row.enabled,
        tokenOrigin: row.tokenOrigin ?? undefined,
      },
      this.env.sandboxEnabled,
    );
  }

  /** That the key of a model's provider is stored, and this server cannot open it. */
  private async findUnreadable(teamId: TeamId, { providerId }: TeamModelRow): Promise<string | undefined> {
    const { tokens, keys } = await this.snapshots.get(teamId);
    const token = tokens.get(providerId);
    if (!token || (await this.encryption.isReadable(teamId, token.sealed, keys))) return undefined;
    return `The key of ${providerId} is stored, and this server cannot open it. Testing it says what to do (POST /api/v1/tokens/${providerId}/test).`;
  }

  private toViews(teamId: TeamId, rows: TeamModelRow[]): Promise<TeamModelView[]> {
    return Promise.all(rows.map((row) => this.toView(teamId, row)));
  }

  private async toView(teamId: TeamId, row: TeamModelRow): Promise<TeamModelView> {
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
    } = row;
    const reason = this.findObstacle(row)?.message ?? (await this.findUnreadable(teamId, row));
    return {
      id,
      providerId,
      modelKey,
      ref: refOf(row),
      displayName,
      status,
      enabled,
      capabilities,
      contextWindow,
      maxOutputTokens,
      isDefault: row.isDefault,
      priority: row.priority,
      settings: row.settings,
      ...(row.price ? { price: toPriceView(row.price) } : {}),
      usable: reason === undefined,
      ...(reason === undefined ? {} : { reason }),
    };
  }
}

export function noDefaultModel(): AppError {
  return new AppError(
    'NO_DEFAULT_MODEL',
    'The team has no default model. An admin can choose one (PUT /api/v1/team-models/default).',
    {
      details: { set: 'PUT /api/v1/team-models/default' },
    },
  );
}

function toTarget(row: TeamModelRow) {
  return { type: 'teamModel', id: row.id, name: refOf(row) };
}

/** What the team sets of a model; that it ceases to be the default when it is disabled is part of it. */
function told({ enabled, isDefault, settings }: TeamModelRow) {
  return { enabled, isDefault, settings };
}

async function getFrom(writer: TeamModelWriter, name: ModelName): Promise<TeamModelRow> {
  const row = await writer.find(name);
  if (!row) throw notFound('The model');
  return row;
}

function refOf({ providerId, modelKey }: TeamModelRow): string {
  return toModelRef(providerId, modelKey);
}

/** A plain object of what was given: the DTO instance has a prototype that JSON columns should not see. */
function toSettings(settings: ModelSettingsDto): ModelSettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
