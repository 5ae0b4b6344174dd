import { Inject, Injectable } from '@nestjs/common';
import type { Scope } from '@kdx/shared';
import type { AppError } from '../../platform/errors';
import { AgentCache } from '../agents/agent-cache';
import type { ExecutableAgent } from '../agents/executable-agent';
import { TeamSnapshots, type SnapshotModel, type TeamSnapshot } from '../models/team-snapshot';
import { composePrompt, type PromptInputs } from '../prompts/compose-prompt';
import { findFamily, type Family } from '../prompts/families';
import type { ComposedPrompt } from '../prompts/layers';
import { PromptService } from '../prompts/prompt.service';
import { CandidateService, type SkippedModel } from './candidates';
import { findCheapest } from './cheapest-model';
import { findOverflow, probablyFits } from './context-window';
import { findRefusal } from './input-kinds';
import type { ExecutionRequest } from './execution-request';

/** A model that may answer, with the prompt in the form that its family follows best. */
export interface PlannedCandidate {
  model: SnapshotModel;
  family: Family;
  prompt: ComposedPrompt;
}

/** Which models are asked in which order, and what each is told. */
export interface ExecutionPlan {
  snapshot: TeamSnapshot;
  agent: ExecutableAgent | undefined;
  candidates: [PlannedCandidate, ...PlannedCandidate[]];
  /** Models that would have come first but cannot be used, and why. */
  skipped: SkippedModel[];
  /** Why the first of all is not among them, where it is not. */
  firstError: AppError | undefined;
}

/** Decides what an execution would do. Preparing one and previewing its prompt are the same up to here. */
@Injectable()
export class ExecutionPlanner {
  constructor(
    @Inject(TeamSnapshots) private readonly snapshots: TeamSnapshots,
    @Inject(CandidateService) private readonly candidates: CandidateService,
    @Inject(AgentCache) private readonly agents: AgentCache,
    @Inject(PromptService) private readonly prompts: PromptService,
  ) {}

  /** Throws what {@link gather} and {@link choose} throw, and `MODEL_NOT_AVAILABLE` where no model's window holds the prompt, or none takes the inputs. */
  async plan(scope: Scope, request: ExecutionRequest): Promise<ExecutionPlan> {
    const { agent, inputs } = await this.gather(scope, request);
    const plan = await this.choose(scope, request, agent, inputs);
    return withoutUnfit(plan, request);
  }

  /** What is to be said. Throws `NOT_FOUND`, `VALIDATION_FAILED` for variables that are none of the agent's, `CONFLICT` for stored configuration that no longer fits. */
  async gather(
    scope: Scope,
    { agentId, agentVersion, variables, agentSwitch }: ExecutionRequest,
  ): Promise<{ agent: ExecutableAgent | undefined; inputs: PromptInputs }> {
    const agent =
      agentId === undefined
        ? undefined
        : await this.agents.getExecutable(scope.teamId, agentId, agentVersion);
    return { agent, inputs: await this.prompts.gather(scope, { agent, variables, agentSwitch }) };
  }

  /** To whom. Throws `NO_DEFAULT_MODEL`, `NOT_FOUND`, `MODEL_NOT_AVAILABLE` or `TOKEN_MISSING`. */
  async choose(
    scope: Scope,
    { modelId, fallback, cheapest }: ExecutionRequest,
    agent: ExecutableAgent | undefined,
    inputs: PromptInputs,
  ): Promise<ExecutionPlan> {
    const snapshot = await this.snapshots.get(scope.teamId);
    const preferred = agent?.modelId
      ? { modelId: agent.modelId, set: `PATCH /api/v1/agents/${agent.id}` }
      : undefined;
    const { usable, skipped, firstError } = await this.candidates.choose(snapshot, scope, {
      modelId: modelId ?? (cheapest ? findCheapest(snapshot.models)?.id : undefined),
      fallback,
      preferred,
    });
    const prompts = new Map<string, ComposedPrompt>();
    const toPlanned = (model: SnapshotModel): PlannedCandidate => {
      const family = findFamily({ kind: model.provider.kind, modelKey: model.modelKey });
      const form = `${family.strategy}/${family.role}`;
      const prompt = prompts.get(form) ?? composePrompt(inputs, family);
      prompts.set(form, prompt);
      return { model, family, prompt };
    };
    const [first, ...others] = usable;
    return { snapshot, agent, candidates: [toPlanned(first), ...others.map(toPlanned)], skipped, firstError };
  }
}

/** A model that was asked for by name has to hold the prompt and take the inputs; others give way to the next. */
async function withoutUnfit(
  plan: ExecutionPlan,
  { modelId, inputs = [] }: ExecutionRequest,
): Promise<ExecutionPlan> {
  const skipped = [...plan.skipped];
  let { firstError } = plan;
  for (const [index, candidate] of plan.candidates.entries()) {
    const { model, prompt, family } = candidate;
    const obstacle = findRefusal(model, inputs) ?? (await findOverflow(model, prompt, family));
    if (!obstacle) {
      const others = plan.candidates
        .slice(index + 1)
        .filter((other) => !findRefusal(other.model, inputs) && probablyFits(other.model, other.prompt));
      return { ...plan, candidates: [candidate, ...others], skipped };
    }
    if (modelId !== undefined) throw obstacle;
    firstError ??= obstacle;
    skipped.push({ providerId: model.provider.id, modelRef: model.ref, reason: obstacle.message });
  }
  throw firstError ?? new Error('A plan has a candidate.');
}
