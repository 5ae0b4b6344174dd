export { AiStudioModule } from './ai-studio.module';
export { AiStudioService } from './ai-studio.service';
export type { CandidateSettings } from './execution/candidate-settings';
export type { ExecutionConfig, ExecutionRequest } from './execution/execution.service';
export type { AvailableModel } from './models/available-model';
export type { PromptLayer, SystemPrompt } from './prompts/compose-prompt';
