import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';
import { costOf, toDisjoint } from '../prices/cost';
import type { PriceCard } from '../prices/price';
import type { Scope } from '@kdx/shared';
import { AppError, type ErrorCode } from '../../platform/errors';
import type { Logger } from '../../platform/logging';
import type { ExecutableAgent } from '../agents/executable-agent';
import type { ComposedPrompt } from '../prompts/layers';
import type { Attempt, Execution, ExecutionTimings } from '../usage/execution.entity';
import type { ExecutionRepository } from '../usage/execution.repository';
import { toSentPrompt, type PromptText } from '../usage/sent-prompt';
import { carriesOnly, type CandidatePrompt } from './candidate-prompt';
import type { SkippedModel } from './candidates';
import type { ExecutionMetrics } from './execution-metrics';
import type { AttemptListener, Candidate } from './fallback-model';
import type { ExecutionRecorder, MeasuredUsage } from './metering';

interface RecordOptions {
  id: string;
  scope: Scope;
  /** In candidate order; the key that each uses, to note its use. */
  candidates: readonly [RecordedCandidate, ...RecordedCandidate[]];
  /** Models that would have come first but cannot be used, and why. */
  skipped: SkippedModel[];
  agent: Pick<ExecutableAgent, 'id' | 'version'> | undefined;
  expiresAt: Date;
}

/** A candidate with what the record needs of it beside. */
export interface RecordedCandidate extends Candidate {
  prompt: CandidatePrompt & ComposedPrompt;
  /** Known without a price list: the sandbox costs nothing. */
  isFree: boolean;
  /** What the model costs, where that is known. */
  price: { id: string; card: PriceCard } | null;
}

/** A model that did not answer, and why: safe to show, never the provider's own words. */
export interface TriedModel {
  modelRef: string;
  code: Extract<ErrorCode, 'PROVIDER_FAILED' | 'MODEL_NOT_AVAILABLE'>;
  message: string;
}

const counts = [
  'inputTokens',
  'cachedInputTokens',
  'cacheWriteTokens',
  'outputTokens',
  'reasoningTokens',
] as const;

/** The row of one prepared execution, from its first call to its end. An executor may call the model several times. */
export class ExecutionRecord implements ExecutionRecorder, AttemptListener {
  private readonly attempts: Attempt[];
  private readonly timings: ExecutionTimings = {};
  private chosen: RecordedCandidate;
  private startedAt: number | undefined;
  /** Whether each call so far passed on the prompt that was prepared. */
  private asPrepared = true;
  private total: MeasuredUsage | undefined;
  private keeping: Promise<void> | undefined;

  constructor(
    private readonly options: RecordOptions,
    private readonly executions: ExecutionRepository,
    private readonly metrics: ExecutionMetrics,
    private readonly logger: Logger,
  ) {
    [this.chosen] = options.candidates;
    this.attempts = options.skipped.map((model) => ({ ...model, outcome: 'skipped', ms: 0 }));
  }

  /** The model that answers, or the last that was asked; before any was, the first candidate. */
  get modelRef(): string {
    return this.chosen.modelRef;
  }

  /** Those that were asked and failed, and those that could not be asked, in order. */
  get triedModels(): TriedModel[] {
    return this.attempts
      .filter(({ outcome }) => outcome !== 'answered')
      .map(({ modelRef, outcome, reason }) => ({
        modelRef,
        code: outcome === 'failed' ? 'PROVIDER_FAILED' : 'MODEL_NOT_AVAILABLE',
        message: reason ?? 'failed',
      }));
  }

  async begin({ prompt }: LanguageModelV4CallOptions): Promise<void> {
    const [first] = this.options.candidates;
    this.asPrepared &&= carriesOnly(prompt, first.prompt.system);
    if (this.startedAt !== undefined) return;
    if (this.options.expiresAt.getTime() < Date.now()) {
      throw new AppError('CONFLICT', 'This execution was prepared too long ago. Prepare it again.');
    }
    this.startedAt = performance.now();
    const { id, scope, agent } = this.options;
    const { teamId, userId, appId } = scope;
    const sent = toSentPrompt(first.prompt, this.asPrepared);
    const row = {
      teamId,
      userId,
      appId,
      id,
      providerId: first.providerId,
      modelId: first.modelId,
      modelRef: first.modelRef,
      agentId: agent?.id ?? null,
      agentVersion: agent?.version ?? null,
      prompt: sent.record,
      outcome: 'running' as const,
      inputTokens: null,
      cachedInputTokens: null,
      cacheWriteTokens: null,
      outputTokens: null,
      reasoningTokens: null,
      usageSource: 'unknown' as const,
      costNanoUsd: null,
      priceId: null,
      attempts: [],
      timings: {},
      createdAt: new Date(),
      finishedAt: null,
    };
    await this.executions.insert(scope, row, sent.texts);
  }

  onAttempt(attempt: Attempt, candidate: Candidate): void {
    this.attempts.push(attempt);
    if (attempt.outcome !== 'skipped') this.metrics.attempted(attempt.providerId, attempt.outcome);
    this.chosen = this.options.candidates.find((known) => known === candidate) ?? this.chosen;
  }

  onFirstPart(): void {
    if (this.timings.firstPartMs !== undefined) return;
    this.timings.firstPartMs = this.elapsed();
    this.metrics.firstPartAfter(this.chosen.providerId, this.timings.firstPartMs);
  }

  /** One at a time, beside the answer: that it fails is logged, and the next one or the end says more. */
  keep(usage: MeasuredUsage): void {
    const { scope, id } = this.options;
    this.keeping ??= this.executions
      .keep(scope, id, this.soFar(this.total ? add(this.total, usage) : usage))
      .catch((error: unknown) =>
        this.logger.warn({ err: error, executionId: id }, 'the usage so far could not be recorded'),
      )
      .finally(() => {
        this.keeping = undefined;
      });
  }

  async end(
    outcome: 'completed' | 'stopped' | 'failed' | 'interrupted',
    usage: MeasuredUsage,
  ): Promise<void> {
    this.metrics.ended(this.chosen.providerId, outcome, usage);
    this.total = this.total ? add(this.total, usage) : usage;
    this.timings.totalMs = this.elapsed();
    const { tokenId, prompt } = this.chosen;
    const sent = toSentPrompt(prompt, this.asPrepared);
    const ending: Partial<Execution> = {
      ...this.soFar(this.total),
      prompt: sent.record,
      outcome,
      finishedAt: new Date(),
    };
    await this.keeping; // or it would be written over what is the end
    await this.save(ending, sent.texts, tokenId);
  }

  /** Who answers, and what that used and cost. */
  private soFar(usage: MeasuredUsage): Partial<Execution> {
    const { providerId, modelId, modelRef, price } = this.chosen;
    return {
      providerId,
      modelId,
      modelRef,
      ...Object.fromEntries(counts.map((name) => [name, usage[name] ?? null])),
      usageSource: usage.source,
      costNanoUsd: this.costOf(usage),
      priceId: price?.id ?? null,
      attempts: this.attempts,
      timings: this.timings,
    };
  }

  /** nano-USD; `null` where the price or the usage is unknown, never 0 then, and where the sum is beyond belief. */
  private costOf(measured: MeasuredUsage): number | null {
    const { isFree, price } = this.chosen;
    if (isFree) return 0;
    const usage = toDisjoint(measured);
    const cost = price && usage ? costOf(price.card, usage, new Date()) : null;
    // Nine million USD, past which the column could not be read back: a provider's count times a dear price can be that.
    return cost === null || cost > Number.MAX_SAFE_INTEGER ? null : Number(cost);
  }

  /** The answer has been given: that its record cannot be kept is logged, and fails nothing. */
  private async save(
    ending: Partial<Execution>,
    texts: PromptText[],
    tokenId: string | undefined,
  ): Promise<void> {
    const { scope, id } = this.options;
    try {
      await this.executions.end(scope, id, ending, texts, tokenId);
    } catch (error) {
      this.logger.error(
        { err: error, executionId: id, teamId: scope.teamId, ending },
        'the end of an execution could not be recorded',
      );
    }
  }

  private elapsed(): number {
    return Math.round(performance.now() - (this.startedAt ?? performance.now()));
  }
}

function add(a: MeasuredUsage, b: MeasuredUsage): MeasuredUsage {
  const sum = (x: number | undefined, y: number | undefined) =>
    x === undefined && y === undefined ? undefined : (x ?? 0) + (y ?? 0);
  const sources = [a.source, b.source];
  const source = sources.includes('unknown')
    ? 'unknown'
    : sources.includes('estimated')
      ? 'estimated'
      : 'provider';
  return { ...Object.fromEntries(counts.map((name) => [name, sum(a[name], b[name])])), source };
}
