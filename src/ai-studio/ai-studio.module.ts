import { Module } from '@nestjs/common';
import { AppConfigModule } from '../app-config';
import { AgentCache } from './agents/agent-cache';
import { AgentController } from './agents/agent.controller';
import { AgentRepository } from './agents/agent.repository';
import { AgentRouter } from './agents/agent.router';
import { AgentService } from './agents/agent.service';
import { ExecutableAgentRepository } from './agents/executable-agent.repository';
import { AiStudioService } from './ai-studio.service';
import { AuditController } from './audit/audit.controller';
import { AuditRouter } from './audit/audit.router';
import { AuditService } from './audit/audit.service';
import { EncryptionModule } from './encryption/encryption.module';
import { CandidateService } from './execution/candidates';
import { ExecutionMetrics } from './execution/execution-metrics';
import { ExecutionPlanner } from './execution/execution-planner';
import { ExecutionService } from './execution/execution.service';
import { ModelClients } from './execution/model-clients';
import { ModelTestService } from './execution/model-test.service';
import { CatalogueRepository } from './model-sync/catalogue.repository';
import { CatalogueSeed } from './model-sync/catalogue-seed';
import { ModelSyncController } from './model-sync/model-sync.controller';
import { ModelSyncRouter } from './model-sync/model-sync.router';
import { ModelListReader } from './model-sync/model-list-reader';
import { ModelSyncService } from './model-sync/model-sync.service';
import { OperatorCatalogueFile } from './model-sync/operator-catalogue';
import { SyncRunRepository } from './model-sync/sync-run.repository';
import { SyncSchedule } from './model-sync/sync-schedule';
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
import { PromptPreviewService } from './previews/prompt-preview.service';
import { PromptController } from './previews/prompt.controller';
import { PromptRouter } from './previews/prompt.router';
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
import { PromptTextRepository } from './usage/prompt-text.repository';

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
const modelSync = [
  CatalogueRepository,
  SyncRunRepository,
  OperatorCatalogueFile,
  CatalogueSeed,
  ModelListReader,
  ModelSyncService,
  SyncSchedule,
  ModelSyncRouter,
];
const snapshots = [TeamSetupRepository, TeamSetup, TeamSnapshotRepository, TeamSnapshots];
const agents = [AgentRepository, AgentService, ExecutableAgentRepository, AgentCache, AgentRouter];
const prompts = [PromptService, PromptPreviewService, PromptRouter];
const execution = [
  CandidateService,
  ExecutionPlanner,
  ModelClients,
  ExecutionMetrics,
  ExecutionService,
  ModelTestService,
];
const usage = [PromptTextRepository, ExecutionRepository, ExecutionLogService, ExecutionRouter];

const audit = [AuditService, AuditRouter];

/** The configurator. Other rooms get {@link AiStudioService} and nothing else. */
@Module({
  imports: [AppConfigModule, EncryptionModule],
  controllers: [
    ProviderController,
    TeamProviderController,
    TokenController,
    ModelController,
    TeamModelController,
    ModelSyncController,
    AgentController,
    PromptController,
    ExecutionController,
    AuditController,
  ],
  providers: [
    AiStudioService,
    ...providers,
    ...tokens,
    ...models,
    ...modelSync,
    ...snapshots,
    ...agents,
    ...prompts,
    ...execution,
    ...usage,
    ...audit,
  ],
  exports: [AiStudioService],
})
export class AiStudioModule {}
