import { Inject, Injectable } from '@nestjs/common';
import { generateText } from 'ai';
import { chatTeamConfig, type Scope } from '@kdx/shared';
import { AiStudioService, type ExecutionConfig } from '../../ai-studio';
import { AppConfigService } from '../../app-config';

/** What a helper model said, and the execution that it is on record as. */
export interface HelperAnswer {
  text: string;
  modelRef: string;
  executionId: string;
}

/** The model that writes titles and summaries: the team's choice, else its cheapest. It has no fallback: small work may fail. */
@Injectable()
export class HelperModel {
  constructor(
    @Inject(AiStudioService) private readonly aiStudio: AiStudioService,
    @Inject(AppConfigService) private readonly configs: AppConfigService,
  ) {}

  /**
   * Throws what `prepareExecution` throws. `undefined` where the team has no model but the sandbox and did not choose that:
   * what it says means nothing.
   */
  async prepare(scope: Scope): Promise<ExecutionConfig | undefined> {
    const { team } = await this.configs.getEffective(scope);
    const { helperModelId } = chatTeamConfig.parse(team);
    if (helperModelId !== null)
      return this.aiStudio.prepareExecution(scope, { modelId: helperModelId, fallback: false });
    const execution = await this.aiStudio.prepareExecution(scope, { cheapest: true, fallback: false });
    return execution.candidates.some(({ isSandbox }) => !isSandbox) ? execution : undefined;
  }

  /** Asks once. `maxOutputTokens` holds the thoughts of a model that reasons, too. */
  async ask(
    { id, model, system, settings, getModelRef }: ExecutionConfig,
    prompt: string,
    { maxOutputTokens, signal }: { maxOutputTokens: number; signal: AbortSignal },
  ): Promise<HelperAnswer> {
    const { text } = await generateText({
      model,
      instructions: system,
      ...settings,
      maxOutputTokens: Math.min(maxOutputTokens, settings.maxOutputTokens),
      prompt,
      maxRetries: 0,
      abortSignal: signal,
    });
    return { text, modelRef: getModelRef(), executionId: id };
  }
}
