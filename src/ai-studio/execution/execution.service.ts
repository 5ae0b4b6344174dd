import type { LanguageModelV4 } from '@ai-sdk/provider';
import { Inject, Injectable } from '@nestjs/common';
import { wrapLanguageModel } from 'ai';
import { v7 as uuidv7 } from 'uuid';
import type { Scope, TeamId } from '@kdx/shared';
import { LOGGER, type Logger } from '../../platform/logging';
import type { TeamSnapshot } from '../models/team-snapshot';
import type { PromptSection, StrategyName } from '../prompts/layers';
import { estimateTokens } from '../prompts/token-count';
import { getProviderKind } from '../providers/provider-kinds';
import { ExecutionRepository } from '../usage/execution.repository';
import { firstPartTimeoutOf, settingsOf, type CandidateSettings } from './candidate-settings';
import { CandidateWindow } from './candidate-window';
import type { SkippedModel } from './candidates';
import { ExecutionMetrics } from './execution-metrics';
import { ExecutionPlanner, type ExecutionPlan, type PlannedCandidate } from './execution-planner';
import { ExecutionRecord, type RecordedCandidate, type TriedModel } from './execution-record';
import type { ExecutionRequest } from './execution-request';
import { listRefusedInputs, type InputKind } from './input-kinds';
import { FallbackModel, type FitToCandidate } from './fallback-model';
import { metering } from './metering';
import { ModelClients } from './model-clients';
import type { SentShare } from './shorten-prompt';

const expiresAfterMs = 10 * 60_000;

/** A model that may answer. */
export interface ExecutionCandidate {
  modelId: string;
  modelRef: string;
  providerId: string;
  displayName: string;
  strategy: StrategyName;
  /** What it can be sent. */
  window: CandidateWindow;
  /** What of a message it is known not to take. */
  refusedInputs: InputKind[];
  /** The offline model: it costs nothing, and what it says means nothing. */
  isSandbox: boolean;
}

/** How much of a conversation a candidate is sent. Throws an `AppError` to let it give way to the next. */
type FitToExecutionCandidate = (candidate: ExecutionCandidate) => Promise<SentShare>;

/** All that an executor needs: `streamText({ model, instructions: system, ...settings, messages })`. */
export interface ExecutionConfig {
  /** Id of the execution's record, which begins when the model is first called. */
  id: string;
  /** Holds the candidates in order, each with the team's key, the guarded way out and the meter. */
  model: LanguageModelV4;
  /** The first candidate's system prompt. Passed on as it is, each other candidate gets it in its own family's form. */
  system: string;
  settings: CandidateSettings;
  candidates: ExecutionCandidate[];
  /** The same model, for an executor that sends each candidate what fits it: `fit` is asked before each is called. */
  fitted: (fit: FitToExecutionCandidate) => LanguageModelV4;
  /** Which of them answers: known once an answer began. Until then the one that is asked, beginning with the first. */
  getModelRef: () => string;
  /** Models that came before it and did not answer, as far as it is known by then. */
  getTriedModels: () => TriedModel[];
  /** Models that would have come first but cannot be used, and why. */
  skipped: SkippedModel[];
  /** The agent in the version that answers. `isDeleted` where a conversation goes on with one that is gone. */
  agent?: { id: string; name: string; version: number; isDeleted: boolean };
  /** What `system` is made of. */
  layers: PromptSection[];
  maxOutputTokens: number;
  /** Calling the model for the first time after this is a `CONFLICT`. */
  expiresAt: Date;
}

/** Prepares executions. It never runs one for a consumer. */
@Injectable()
export class ExecutionService {
  constructor(
    @Inject(ExecutionPlanner) private readonly planner: ExecutionPlanner,
    @Inject(ModelClients) private readonly clients: ModelClients,
    @Inject(ExecutionRepository) private readonly executions: ExecutionRepository,
    @Inject(ExecutionMetrics) private readonly metrics: ExecutionMetrics,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Chooses the models, composes the prompts and binds the keys; asks no database once what it takes is in memory.
   * Throws what {@link ExecutionPlanner.plan} throws.
   */
  async prepare(scope: Scope, request: ExecutionRequest = {}): Promise<ExecutionConfig> {
    const plan = await this.planner.plan(scope, request);
    const { agent, skipped } = plan;
    const [firstPlanned, ...otherPlanned] = plan.candidates;
    const first = this.toCandidate(scope.teamId, plan, firstPlanned);
    const others = otherPlanned.map((planned) => this.toCandidate(scope.teamId, plan, planned));
    const candidates = [first, ...others] as const;
    const id = uuidv7();
    const expiresAt = new Date(Date.now() + expiresAfterMs);
    const record = new ExecutionRecord(
      { id, scope, candidates, skipped, agent, expiresAt },
      this.executions,
      this.metrics,
      this.logger,
    );
    const toModel = (fit?: FitToCandidate): LanguageModelV4 =>
      wrapLanguageModel({ model: new FallbackModel(candidates, record, fit), middleware: metering(record) });
    const views = plan.candidates.map((planned, index) =>
      toView(planned, (candidates[index] ?? first).settings.maxOutputTokens),
    );
    return {
      id,
      model: toModel(),
      fitted: (fit) =>
        toModel((candidate) => {
          const view = views.find(({ modelId }) => modelId === candidate.modelId);
          if (!view) throw new Error('A candidate is one of those that were prepared.');
          return fit(view);
        }),
      system: firstPlanned.prompt.system,
      settings: first.settings,
      candidates: views,
      getModelRef: () => record.modelRef,
      getTriedModels: () => record.triedModels,
      skipped,
      ...(agent ? { agent: toSummary(agent) } : {}),
      layers: firstPlanned.prompt.sections,
      maxOutputTokens: first.settings.maxOutputTokens,
      expiresAt,
    };
  }

  private toCandidate(
    teamId: TeamId,
    { snapshot, agent }: { snapshot: TeamSnapshot; agent: ExecutionPlan['agent'] },
    { model, prompt }: PlannedCandidate,
  ): RecordedCandidate {
    const { cacheBreakpoint } = getProviderKind(model.provider.kind);
    return {
      modelId: model.id,
      modelRef: model.ref,
      providerId: model.provider.id,
      tokenId: model.token?.id,
      isFree: model.provider.kind === 'sandbox',
      price: model.price,
      getModel: () => this.clients.get(teamId, snapshot, model),
      prompt: cacheBreakpoint ? { ...prompt, cacheBreakpoint } : prompt,
      refusedInputs: listRefusedInputs(model.capabilities),
      settings: settingsOf(model, estimateTokens(prompt.system), agent?.settings),
      firstPartTimeoutMs: firstPartTimeoutOf(model, agent?.settings),
    };
  }
}

function toView({ model, prompt, family }: PlannedCandidate, maxOutputTokens: number): ExecutionCandidate {
  return {
    modelId: model.id,
    modelRef: model.ref,
    providerId: model.provider.id,
    displayName: model.displayName,
    strategy: prompt.strategy,
    refusedInputs: listRefusedInputs(model.capabilities),
    window: new CandidateWindow(model.contextWindow, maxOutputTokens, prompt.system, family),
    isSandbox: model.provider.kind === 'sandbox',
  };
}

function toSummary({
  id,
  name,
  version,
  isDeleted,
}: NonNullable<ExecutionPlan['agent']>): NonNullable<ExecutionConfig['agent']> {
  return { id, name, version, isDeleted };
}
