import { Inject, Injectable } from '@nestjs/common';
import type { Scope } from '@kdx/shared';
import { AppError } from '../../platform/errors';
import { isModelNamed, parseModelName } from '../models/model-ref';
import { noDefaultModel, TeamModelService } from '../models/team-model.service';
import { TeamSnapshots, type SnapshotModel, type TeamSnapshot } from '../models/team-snapshot';
import { toError } from '../models/usability';

/** Which models an execution may use. */
interface ModelChoice {
  /** Id or `<providerId>/<modelKey>`; the preferred one where absent, else the team's default. */
  modelId?: string | undefined;
  /** Comes first where it can be used, and gives way to the team's order where not. */
  preferred?: PreferredModel | undefined;
  /** Whether the team's other models may answer where the first cannot. Default true. */
  fallback?: boolean | undefined;
}

/** A model's id, and the endpoint at which another is preferred. */
interface PreferredModel {
  modelId: string;
  set: string;
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
  /** Why the first of all is not among `usable`: what to say where none of these will do either. */
  firstError: AppError | undefined;
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
   * was sent. Where none is left, the error is that of the first. Throws `NO_DEFAULT_MODEL`, `NOT_FOUND`,
   * `MODEL_NOT_AVAILABLE`, `TOKEN_MISSING`.
   */
  async choose(
    snapshot: TeamSnapshot,
    scope: Scope,
    { modelId, preferred, fallback = true }: ModelChoice,
  ): Promise<Candidates> {
    if (modelId !== undefined) {
      const named = await this.getNamed(snapshot, scope, modelId);
      assertUsable(named);
      return inOrder(snapshot, named, fallback);
    }
    if (!preferred) return inOrder(snapshot, getDefault(snapshot), fallback);
    const enabled = snapshot.models.find(({ id }) => id === preferred.modelId);
    if (enabled) return inOrder(snapshot, enabled, fallback);
    const error = await this.explainAbsence(scope, preferred);
    return toCandidates(
      fallback ? snapshot.models.filter((model) => !isSandbox(model)) : [],
      [toSkipped(preferred.modelId, error)],
      error,
    );
  }

  private async explainAbsence({ teamId }: Scope, { modelId, set }: PreferredModel): Promise<AppError> {
    const error = await this.teamModels.explainAbsence(teamId, modelId);
    if (error.code !== 'NOT_FOUND') return error;
    const message = `The agent's model is there no more. An admin can give the agent another (${set}).`;
    return new AppError('MODEL_NOT_AVAILABLE', message, { details: { modelId, set } });
  }

  private async getNamed(snapshot: TeamSnapshot, { teamId }: Scope, modelId: string): Promise<SnapshotModel> {
    const name = parseModelName(modelId);
    const model = snapshot.models.find((candidate) => isModelNamed(name, candidate));
    if (!model) throw await this.teamModels.explainAbsence(teamId, modelId);
    return model;
  }
}

/** `first`, and the others behind it. Throws why `first` cannot be used, where none can. */
function inOrder({ models }: TeamSnapshot, first: SnapshotModel, fallback: boolean): Candidates {
  const others = models.filter((model) => model !== first && (isSandbox(first) || !isSandbox(model)));
  return toCandidates(fallback ? [first, ...others] : [first], [], unusable(first));
}

/** Those of `models` that can be used, and what stood before them. Throws `error` where none can. */
function toCandidates(
  models: SnapshotModel[],
  skipped: SkippedModel[],
  error: AppError | undefined,
): Candidates {
  const [usable, ...rest] = models.filter(({ obstacle }) => !obstacle);
  if (!usable) throw error ?? new Error('A model without an obstacle is a candidate.');
  const before = models.slice(0, models.indexOf(usable)).map(({ ref, provider, obstacle }) => ({
    providerId: provider.id,
    modelRef: ref,
    reason: obstacle?.message ?? '',
  }));
  return { usable: [usable, ...rest], skipped: [...skipped, ...before], firstError: error };
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
  const error = unusable(model);
  if (error) throw error;
}

function unusable({ ref, obstacle }: SnapshotModel): AppError | undefined {
  return obstacle && toError(obstacle, ref);
}

function isSandbox({ provider }: SnapshotModel): boolean {
  return provider.kind === 'sandbox';
}
