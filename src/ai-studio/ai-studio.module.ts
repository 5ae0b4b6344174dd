import { Module } from '@nestjs/common';
import { AppConfigModule } from '../app-config';
import { AiStudioService } from './ai-studio.service';
import { EncryptionModule } from './encryption/encryption.module';
import { CandidateService } from './execution/candidates';
import { ExecutionService } from './execution/execution.service';
import { ModelClients } from './execution/model-clients';
import { ModelTestService } from './execution/model-test.service';
import { ModelController } from './models/model.controller';
import { ModelRepository } from './models/model.repository';
import { ModelRouter } from './models/model.router';
import { ModelService } from './models/model.service';
import { TeamModelController } from './models/team-model.controller';
import { TeamModelRepository } from './models/team-model.repository';
import { TeamModelRouter } from './models/team-model.router';
import { TeamModelService } from './models/team-model.service';
import { TeamSetup } from './models/team-setup';
import { TeamSetupRepository } from './models/team-setup.repository';
import { TeamSnapshots } from './models/team-snapshot';
import { TeamSnapshotRepository } from './models/team-snapshot.repository';
import { PromptPreviewService } from './prompts/prompt-preview.service';
import { PromptController } from './prompts/prompt.controller';
import { PromptRouter } from './prompts/prompt.router';
import { PromptService } from './prompts/prompt.service';
import { ProviderController } from './providers/provider.controller';
import { ProviderRepository } from './providers/provider.repository';
import { ProviderRouter } from './providers/provider.router';
import { ProviderService } from './providers/provider.service';
import { TeamProviderController } from './providers/team-provider.controller';
import { TeamProviderRepository } from './providers/team-provider.repository';
import { TokenController } from './tokens/token.controller';
import { TokenRepository } from './tokens/token.repository';
import { TokenRouter } from './tokens/token.router';
import { TokenService } from './tokens/token.service';
import { ExecutionLogService } from './usage/execution-log.service';
import { ExecutionController } from './usage/execution.controller';
import { ExecutionRepository } from './usage/execution.repository';
import { ExecutionRouter } from './usage/execution.router';

const providers = [ProviderRepository, TeamProviderRepository, ProviderService, ProviderRouter];
const tokens = [TokenRepository, TokenService, TokenRouter];
const models = [
  ModelRepository,
  ModelService,
  ModelRouter,
  TeamModelRepository,
  TeamModelService,
  TeamModelRouter,
];
const snapshots = [TeamSetupRepository, TeamSetup, TeamSnapshotRepository, TeamSnapshots];
const prompts = [PromptService, PromptPreviewService, PromptRouter];
const execution = [CandidateService, ModelClients, ExecutionService, ModelTestService];
const usage = [ExecutionRepository, ExecutionLogService, ExecutionRouter];

/** The configurator. Other rooms get {@link AiStudioService} and nothing else. */
@Module({
  imports: [AppConfigModule, EncryptionModule],
  controllers: [
    ProviderController,
    TeamProviderController,
    TokenController,
    ModelController,
    TeamModelController,
    PromptController,
    ExecutionController,
  ],
  providers: [
    AiStudioService,
    ...providers,
    ...tokens,
    ...models,
    ...snapshots,
    ...prompts,
    ...execution,
    ...usage,
  ],
  exports: [AiStudioService],
})
export class AiStudioModule {}
