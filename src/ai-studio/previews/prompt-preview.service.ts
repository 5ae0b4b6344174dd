import { Inject, Injectable } from '@nestjs/common';
import { appRegistry, chatApp, type AppId, type Scope } from '@kdx/shared';
import { toScope, type Caller } from '../../identity';
import { AppError, notFound, type ErrorCode } from '../../platform/errors';
import { findOverflow } from '../execution/context-window';
import { ExecutionPlanner, type ExecutionPlan } from '../execution/execution-planner';
import type { ExecutionRequest } from '../execution/execution-request';
import { composePrompt, type PromptInputs } from '../prompts/compose-prompt';
import { anyFamily, type Family } from '../prompts/families';
import type { ComposedPrompt, PromptRole, PromptSection, StrategyName } from '../prompts/layers';
import { countTokens } from '../prompts/token-count';
import type { PreviewPromptDto } from './prompt.dto';

/** A layer as it stands in a prompt, with what it takes of the context window. */
export interface PromptLayer extends PromptSection {
  tokens: number;
  /** True where `tokens` is not counted by the model's own tokenizer. */
  estimated: boolean;
}

/** The system prompt that an execution would send now, with where each part of it comes from. */
export interface SystemPrompt {
  system: string;
  layers: PromptLayer[];
  strategy: StrategyName;
  role: PromptRole;
  /** The model that would be asked first; `null` where none can be, and the form is the general one. */
  modelRef: string | null;
  agent?: { id: string; name: string; version: number };
  tokens: number;
  /** Of the beginning that is the same for all users of the team. */
  sharedTokens: number;
  estimated: boolean;
  /** Why an execution would fail now. */
  problem?: { code: ErrorCode; message: string };
}

interface Shown {
  prompt: ComposedPrompt;
  family: Family;
  modelRef: string | null;
  problem?: AppError | undefined;
}

/** Shows what would be sent, without sending it. */
@Injectable()
export class PromptPreviewService {
  constructor(@Inject(ExecutionPlanner) private readonly planner: ExecutionPlanner) {}

  /** For a client. Throws what {@link getSystemPrompt} throws, and `NOT_FOUND` for an app that nobody registered. */
  preview(caller: Caller, { appId = chatApp, ...request }: PreviewPromptDto): Promise<SystemPrompt> {
    if (!appRegistry.find(appId)) throw notFound('The app');
    return this.getSystemPrompt(toScope(caller, appId as AppId), request); // registered: found above
  }

  /**
   * What an execution of `request` would be told. A model that is asked for by name has to be usable: throws `NOT_FOUND`,
   * `MODEL_NOT_AVAILABLE`, `TOKEN_MISSING`, and what gathering the layers throws. Where the team has no model that can be
   * used, the layers are shown in the general form, with the problem beside.
   */
  async getSystemPrompt(scope: Scope, request: ExecutionRequest = {}): Promise<SystemPrompt> {
    const { agent, inputs } = await this.planner.gather(scope, request);
    const shown = await this.choose(scope, request, agent, inputs);
    const { system, sections, strategy, role } = shown.prompt;
    const count = (text: string) => countTokens(text, shown.family);
    const whole = await count(system);
    const ofSections = await Promise.all(sections.map(({ text }) => count(text)));
    const shared = sections.map(({ personal }, index) => (personal ? 0 : (ofSections[index]?.tokens ?? 0)));
    return {
      system,
      layers: sections.map((section, index) => ({
        ...section,
        tokens: ofSections[index]?.tokens ?? 0,
        estimated: ofSections[index]?.estimated ?? true,
      })),
      strategy,
      role,
      modelRef: shown.modelRef,
      ...(agent ? { agent: { id: agent.id, name: agent.name, version: agent.version } } : {}),
      tokens: whole.tokens,
      sharedTokens: shared.reduce((sum, tokens) => sum + tokens, 0),
      estimated: whole.estimated,
      ...(shown.problem ? { problem: { code: shown.problem.code, message: shown.problem.message } } : {}),
    };
  }

  private async choose(
    scope: Scope,
    request: ExecutionRequest,
    agent: ExecutionPlan['agent'],
    inputs: PromptInputs,
  ): Promise<Shown> {
    try {
      const { candidates } = await this.planner.choose(scope, request, agent, inputs);
      return await firstThatFits(candidates, request.modelId !== undefined);
    } catch (error) {
      if (request.modelId !== undefined || !isMissingModel(error)) throw error;
      return { prompt: composePrompt(inputs, anyFamily), family: anyFamily, modelRef: null, problem: error };
    }
  }
}

/** As an execution would choose; where nothing fits, the first is shown, since somebody has to see what to shorten. */
async function firstThatFits(candidates: ExecutionPlan['candidates'], isNamed: boolean): Promise<Shown> {
  const [first] = candidates;
  let problem: AppError | undefined;
  for (const { model, prompt, family } of isNamed ? [first] : candidates) {
    const overflow = await findOverflow(model, prompt, family);
    if (!overflow) return { prompt, family, modelRef: model.ref };
    problem ??= overflow;
  }
  return { prompt: first.prompt, family: first.family, modelRef: first.model.ref, problem };
}

function isMissingModel(error: unknown): error is AppError {
  return (
    error instanceof AppError &&
    ['NO_DEFAULT_MODEL', 'MODEL_NOT_AVAILABLE', 'TOKEN_MISSING'].includes(error.code)
  );
}
