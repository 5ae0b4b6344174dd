import { Inject, Injectable } from '@nestjs/common';
import type { Scope } from '@kdx/shared';
import type { AppError } from '../../platform/errors';
import { isModelNamed, parseModelName } from '../models/model-ref';
import { noDefaultModel, TeamModelService } from '../models/team-model.service';
import { TeamSnapshots, type SnapshotModel, type TeamSnapshot } from '../models/team-snapshot';
import { toError } from '../models/usability';

/** Which models an execution may use. */
interface ModelChoice {
  /** Id or `<providerId>/<modelKey>`; the preferred one where absent, else the team's default. */
  modelId?: string | undefined;
  /** Id of a model that comes first where it can be used, and gives way to the team's order where not. */
  preferredModelId?: string | undefined;
  /** Whether the team's other models may answer where the first cannot. Default true. */
  fallback?: boolean | undefined;
}

/** A model that would have come first but cannot be used, and why. */
export interface SkippedModel {
  providerId: string;
  modelRef: string;
  reason: string;
}

/** The models to ask, in order, and those that would have come first but cannot be used. */
export interface Candidates {
  usable: [SnapshotModel, ...SnapshotModel[]];
  skipped: SkippedModel[];
}

/** Chooses models from a team's snapshot. */
@Injectable()
export class CandidateService {
  constructor(
    @Inject(TeamSnapshots) private readonly snapshots: TeamSnapshots,
    @Inject(TeamModelService) private readonly teamModels: TeamModelService,
  ) {}

  /** The team's enabled models that can be used now, in priority order. */
  async listUsable(scope: Scope): Promise<SnapshotModel[]> {
    const { models } = await this.snapshots.get(scope.teamId);
    return models.filter(({ obstacle }) => !obstacle);
  }

  /** A model that the team can use now. Throws `NOT_FOUND`, `MODEL_NOT_AVAILABLE` or `TOKEN_MISSING`. */
  async getModel(scope: Scope, modelId: string): Promise<SnapshotModel> {
    const model = await this.getNamed(await this.snapshots.get(scope.teamId), scope, modelId);
    assertUsable(model);
    return model;
  }

  /** The team's default. Throws `NO_DEFAULT_MODEL`, or says why the default cannot be used. */
  async getDefault(scope: Scope): Promise<SnapshotModel> {
    const model = getDefault(await this.snapshots.get(scope.teamId));
    assertUsable(model);
    return model;
  }

  /**
   * The candidates of an execution. A model that was asked for by name must be usable; one that is preferred or default
   * and is not gives way to the next in the team's order, though never to the sandbox, which would answer with what it
   * was sent. Throws `NO_DEFAULT_MODEL`, `NOT_FOUND`, `MODEL_NOT_AVAILABLE`, `TOKEN_MISSING`.
   */
  async choose(
    snapshot: TeamSnapshot,
    scope: Scope,
    { modelId, preferredModelId, fallback = true }: ModelChoice,
  ): Promise<Candidates> {
    if (modelId === undefined && preferredModelId !== undefined) {
      const preferred = snapshot.models.find(({ id }) => id === preferredModelId);
      if (preferred) return this.inOrder(snapshot, preferred, fallback);
      const error = await this.teamModels.explainAbsence(scope.teamId, preferredModelId);
      const instead = getDefault(snapshot);
      if (!fallback || isSandbox(instead)) throw error;
      const { usable, skipped } = this.inOrder(snapshot, instead, fallback);
      return { usable, skipped: [toSkipped(preferredModelId, error), ...skipped] };
    }
    const first =
      modelId === undefined ? getDefault(snapshot) : await this.getNamed(snapshot, scope, modelId);
    if (modelId !== undefined) assertUsable(first);
    return this.inOrder(snapshot, first, fallback);
  }

  private inOrder(snapshot: TeamSnapshot, first: SnapshotModel, fallback: boolean): Candidates {
    if (!fallback) assertUsable(first);
    const others = snapshot.models.filter(
      (model) => model !== first && (isSandbox(first) || !isSandbox(model)),
    );
    const inOrder = fallback ? [first, ...others] : [first];
    const [usable, ...rest] = inOrder.filter(({ obstacle }) => !obstacle);
    if (!usable) throw unusable(first);
    const before = inOrder.slice(0, inOrder.indexOf(usable));
    return {
      usable: [usable, ...rest],
      skipped: before.map(({ ref, provider, obstacle }) => ({
        providerId: provider.id,
        modelRef: ref,
        reason: obstacle?.message ?? '',
      })),
    };
  }

  private async getNamed(snapshot: TeamSnapshot, { teamId }: Scope, modelId: string): Promise<SnapshotModel> {
    const name = parseModelName(modelId);
    const model = snapshot.models.find((candidate) => isModelNamed(name, candidate));
    if (!model) throw await this.teamModels.explainAbsence(teamId, modelId);
    return model;
  }
}

function getDefault({ models }: TeamSnapshot): SnapshotModel {
  const model = models.find(({ isDefault }) => isDefault);
  if (!model) throw noDefaultModel();
  return model;
}

/** A model that is not among the team's enabled ones, by the error that says why; its id where its name is not known. */
function toSkipped(modelId: string, { message, details }: AppError): SkippedModel {
  const named = typeof details === 'object' && details !== null && 'modelRef' in details;
  const modelRef = named ? String(details.modelRef) : modelId;
  return { providerId: modelRef.split('/', 1)[0] ?? modelRef, modelRef, reason: message };
}

function assertUsable(model: SnapshotModel): void {
  if (model.obstacle) throw unusable(model);
}

function unusable({ ref, obstacle }: SnapshotModel): Error {
  return obstacle ? toError(obstacle, ref) : new Error('A model without an obstacle is a candidate.');
}

function isSandbox({ provider }: SnapshotModel): boolean {
  return provider.kind === 'sandbox';
}
