import { Inject, Injectable } from '@nestjs/common';
import { chatUserConfig, type Scope } from '@kdx/shared';
import {
  AiStudioService,
  type ExecutionConfig,
  type ExecutionRequest,
  type SystemPrompt,
} from '../../ai-studio';
import { AppConfigService } from '../../app-config';
import { AppError } from '../../platform/errors';
import type { ChatSession } from '../sessions/chat.entities';
import type { SessionToAnswer } from '../sessions/session.repository';
import type { Turn } from './turn';

/** A model that was chosen before this message, and where to choose another. */
interface EarlierChoice {
  modelId: string;
  whose: string;
  /** The endpoint, and its body. */
  set: string;
  body: string;
}

/**
 * Which model answers: the message's own, else the conversation's, else the one the user prefers, else the agent's, else
 * the team's default.
 */
@Injectable()
export class ModelChooser {
  constructor(
    @Inject(AiStudioService) private readonly aiStudio: AiStudioService,
    @Inject(AppConfigService) private readonly configs: AppConfigService,
  ) {}

  /**
   * Throws what `prepareExecution` throws; but `MODEL_NOT_AVAILABLE` instead of `NOT_FOUND` for a model that the message
   * does not name: who sent it has to learn which one is meant, and where it is chosen.
   */
  async prepare(
    scope: Scope,
    session: SessionToAnswer,
    { modelId, inputs }: Pick<Turn, 'modelId' | 'inputs'>,
  ): Promise<ExecutionConfig> {
    return this.choose(scope, session, modelId, (request) =>
      this.aiStudio.prepareExecution(scope, { ...request, inputs }),
    );
  }

  /** What the model of the next message would be told. Throws what {@link prepare} throws for a model that is not there. */
  preview(scope: Scope, session: SessionToAnswer): Promise<SystemPrompt> {
    return this.choose(scope, session, undefined, (request) => this.aiStudio.getSystemPrompt(scope, request));
  }

  private async choose<T>(
    scope: Scope,
    session: SessionToAnswer,
    modelId: string | undefined,
    ask: (request: ExecutionRequest) => Promise<T>,
  ): Promise<T> {
    const agent = toAgentRequest(session);
    if (modelId !== undefined) return ask({ ...agent, modelId });
    const earlier = ofSession(session) ?? (await this.findPreferred(scope));
    if (!earlier) return ask(agent);
    return ask({ ...agent, modelId: earlier.modelId }).catch((error: unknown) => {
      throw error instanceof AppError && error.code === 'NOT_FOUND' ? notAvailable(earlier) : error;
    });
  }

  private async findPreferred(scope: Scope): Promise<EarlierChoice | undefined> {
    const { user } = await this.configs.getEffective(scope);
    const { defaultModelId } = chatUserConfig.parse(user);
    if (defaultModelId === null) return undefined;
    return {
      modelId: defaultModelId,
      whose: 'The model that you prefer',
      set: 'PUT /api/v1/app-config/chat/me',
      body: '{ "config": { "defaultModelId" } }',
    };
  }
}

/** An agent in a version that it had is always found, deleted or not. */
function toAgentRequest({ agentId, agentVersion, formerAgentName }: SessionToAnswer): ExecutionRequest {
  return {
    agentId: agentId ?? undefined,
    agentVersion: agentVersion ?? undefined,
    agentSwitch: formerAgentName === null ? undefined : { from: formerAgentName },
  };
}

function ofSession({ id, modelId }: ChatSession): EarlierChoice | undefined {
  if (modelId === null) return undefined;
  return {
    modelId,
    whose: 'The model of this conversation',
    set: `PATCH /api/v1/chat/sessions/${id}`,
    body: '{ "modelId" }',
  };
}

function notAvailable({ modelId, whose, set, body }: EarlierChoice): AppError {
  return new AppError(
    'MODEL_NOT_AVAILABLE',
    `${whose}, ${modelId}, is not there. Choose another, or null for none (${set} with ${body}).`,
    { details: { modelId, set } },
  );
}
