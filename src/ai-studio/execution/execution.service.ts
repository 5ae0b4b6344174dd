import type { LanguageModelV4 } from '@ai-sdk/provider';
import { Inject, Injectable } from '@nestjs/common';
import { wrapLanguageModel } from 'ai';
import { v7 as uuidv7 } from 'uuid';
import type { Scope, TeamId } from '@kdx/shared';
import { LOGGER, type Logger } from '../../platform/logging';
import { TeamSnapshots, type SnapshotModel, type TeamSnapshot } from '../models/team-snapshot';
import type { PromptLayer } from '../prompts/compose-prompt';
import { PromptService } from '../prompts/prompt.service';
import { ExecutionRepository } from '../usage/execution.repository';
import { CandidateService, type ModelChoice } from './candidates';
import { firstPartTimeoutOf, settingsOf, type CandidateSettings } from './candidate-settings';
import { ExecutionRecord, type RecordedCandidate } from './execution-record';
import { FallbackModel } from './fallback-model';
import { metering } from './metering';
import { ModelClients } from './model-clients';

const expiresAfterMs = 10 * 60_000;

/** What an executor asks for. */
export type ExecutionRequest = ModelChoice;

/** All that an executor needs: `streamText({ model, instructions: system, ...settings, messages })`. */
export interface ExecutionConfig {
  /** Id of the execution's record, which begins when the model is first called. */
  id: string;
  /** Holds the candidates in order, each with the team's key, the guarded way out and the meter. */
  model: LanguageModelV4;
  system: string;
  settings: CandidateSettings;
  candidates: { modelId: string; modelRef: string; providerId: string; displayName: string }[];
  /** Which of them answers: known once an answer began. Until then the one that is asked, beginning with the first. */
  getModelRef: () => string;
  /** Models that would have come first but cannot be used, and why. */
  skipped: { providerId: string; modelRef: string; reason: string }[];
  layers: PromptLayer[];
  maxOutputTokens: number;
  /** Calling the model for the first time after this is a `CONFLICT`. */
  expiresAt: Date;
}

/** Prepares executions. It never runs one for a consumer. */
@Injectable()
export class ExecutionService {
  constructor(
    @Inject(TeamSnapshots) private readonly snapshots: TeamSnapshots,
    @Inject(CandidateService) private readonly candidates: CandidateService,
    @Inject(PromptService) private readonly prompts: PromptService,
    @Inject(ModelClients) private readonly clients: ModelClients,
    @Inject(ExecutionRepository) private readonly executions: ExecutionRepository,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Chooses the models, composes the prompt and binds the keys; asks no database once the team's snapshot is in memory.
   * Throws `NO_DEFAULT_MODEL`, `NOT_FOUND`, `MODEL_NOT_AVAILABLE`, `TOKEN_MISSING`, or `CONFLICT` for stored
   * configuration that no longer fits.
   */
  async prepare(scope: Scope, request: ExecutionRequest = {}): Promise<ExecutionConfig> {
    const snapshot = await this.snapshots.get(scope.teamId);
    const { usable, skipped } = await this.candidates.choose(snapshot, scope, request);
    const { system, layers } = await this.prompts.compose(scope);
    const [firstModel, ...otherModels] = usable;
    const first = this.toCandidate(scope.teamId, snapshot, firstModel, system);
    const candidates = [
      first,
      ...otherModels.map((model) => this.toCandidate(scope.teamId, snapshot, model, system)),
    ] as const;
    const id = uuidv7();
    const expiresAt = new Date(Date.now() + expiresAfterMs);
    const record = new ExecutionRecord(
      { id, scope, candidates, skipped, expiresAt },
      this.executions,
      this.logger,
    );
    return {
      id,
      model: wrapLanguageModel({
        model: new FallbackModel(candidates, record),
        middleware: metering(record),
      }),
      system,
      settings: first.settings,
      candidates: usable.map((model) => ({
        modelId: model.id,
        modelRef: model.ref,
        providerId: model.provider.id,
        displayName: model.displayName,
      })),
      getModelRef: () => record.modelRef,
      skipped,
      layers,
      maxOutputTokens: first.settings.maxOutputTokens,
      expiresAt,
    };
  }

  private toCandidate(
    teamId: TeamId,
    snapshot: TeamSnapshot,
    model: SnapshotModel,
    system: string,
  ): RecordedCandidate {
    return {
      modelId: model.id,
      modelRef: model.ref,
      providerId: model.provider.id,
      tokenId: model.token?.id,
      isFree: model.provider.kind === 'sandbox',
      price: model.price,
      getModel: () => this.clients.get(teamId, snapshot, model),
      system,
      settings: settingsOf(model),
      firstPartTimeoutMs: firstPartTimeoutOf(model),
    };
  }
}
