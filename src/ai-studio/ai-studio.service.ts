import { Inject, Injectable } from '@nestjs/common';
import type { Scope } from '@kdx/shared';
import type { SecretString } from '../platform/secrets';
import { AgentService } from './agents/agent.service';
import type { AvailableAgent } from './agents/available-agent';
import { CandidateService } from './execution/candidates';
import type { ExecutionRequest } from './execution/execution-request';
import { ExecutionService, type ExecutionConfig } from './execution/execution.service';
import { toAvailableModel, type AvailableModel } from './models/available-model';
import { PromptPreviewService, type SystemPrompt } from './previews/prompt-preview.service';
import { loadTokenCounter, type TokenCounter } from './prompts/token-count';
import { TokenService } from './tokens/token.service';

/**
 * The only way into AI Studio for other rooms. It prepares; the caller executes. Every method takes the scope first:
 * for which team, user and app. There is no ambient team.
 */
@Injectable()
export class AiStudioService {
  constructor(
    @Inject(CandidateService) private readonly candidates: CandidateService,
    @Inject(PromptPreviewService) private readonly prompts: PromptPreviewService,
    @Inject(AgentService) private readonly agents: AgentService,
    @Inject(TokenService) private readonly tokens: TokenService,
    @Inject(ExecutionService) private readonly executions: ExecutionService,
  ) {}

  /** The team's models that can be used now, in fallback order. */
  async getAvailableModels(scope: Scope): Promise<AvailableModel[]> {
    return (await this.candidates.listUsable(scope)).map(toAvailableModel);
  }

  /** Throws `NO_DEFAULT_MODEL`, `MODEL_NOT_AVAILABLE` or `TOKEN_MISSING`. */
  async getDefaultModel(scope: Scope): Promise<AvailableModel> {
    return toAvailableModel(await this.candidates.getDefault(scope));
  }

  /** `modelId` is an id or `<providerId>/<modelKey>`. Throws `NOT_FOUND`, `MODEL_NOT_AVAILABLE` or `TOKEN_MISSING`. */
  async getModel(scope: Scope, modelId: string): Promise<AvailableModel> {
    return toAvailableModel(await this.candidates.getModel(scope, modelId));
  }

  /** The team's agents by name, without their instructions. */
  listAgents(scope: Scope): Promise<AvailableAgent[]> {
    return this.agents.listAvailable(scope.teamId);
  }

  /** Throws `NOT_FOUND` for an agent that is deleted, or another team's. */
  getAgent(scope: Scope, agentId: string): Promise<AvailableAgent> {
    return this.agents.getAvailable(scope.teamId, agentId);
  }

  /** The system prompt that an execution of the same request gets now, with where each part comes from. */
  getSystemPrompt(scope: Scope, request: ExecutionRequest = {}): Promise<SystemPrompt> {
    return this.prompts.getSystemPrompt(scope, request);
  }

  /** The team's key for a provider. Handing it out is audited, each `reveal()` logged. Throws `TOKEN_MISSING` or `TOKEN_UNREADABLE`. */
  getProviderToken(scope: Scope, providerId: string): Promise<SecretString> {
    return this.tokens.getSecret(scope, providerId);
  }

  /** All that it takes to run a model: see {@link ExecutionConfig}, and `ExecutionPlanner.plan` for its errors. */
  prepareExecution(scope: Scope, request: ExecutionRequest = {}): Promise<ExecutionConfig> {
    return this.executions.prepare(scope, request);
  }

  /** Counts as `window.tokenizer` of a candidate says; for any other name, estimates. It belongs to no team. */
  getTokenCounter(tokenizer: string): Promise<TokenCounter> {
    return loadTokenCounter(tokenizer);
  }
}
