import { Inject } from '@nestjs/common';
import { Ctx, Input, Mutation, Query, Router } from 'nestjs-trpc';
import { needs, type CallerContext } from '../../identity';
import { dto } from '../../platform/http';
import {
  ApplyProviderDiffDto,
  FindSyncRunsDto,
  ProviderNameDto,
  type ModelSyncDiffView,
  type SyncRunPageView,
  type SyncRunView,
} from './model-sync.dto';
import { ModelSyncService } from './model-sync.service';
import { diffForUser, startedByUser } from './started-by-user';

@Router({ alias: 'aiModelSync' })
export class ModelSyncRouter {
  constructor(@Inject(ModelSyncService) private readonly sync: ModelSyncService) {}

  @Mutation({ input: dto(ProviderNameDto), meta: needs('models.write') })
  diff(
    @Input() { providerId }: ProviderNameDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<ModelSyncDiffView> {
    return diffForUser(this.sync, caller, providerId);
  }

  @Mutation({ input: dto(ApplyProviderDiffDto), meta: needs('models.write') })
  apply(
    @Input() { providerId, diffId, accept }: ApplyProviderDiffDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<SyncRunView> {
    return this.sync.apply(startedByUser(caller), providerId, diffId, accept);
  }

  @Query({ input: dto(FindSyncRunsDto), meta: needs('models.write') })
  findRuns(@Input() input: FindSyncRunsDto): Promise<SyncRunPageView> {
    return this.sync.listRuns(input);
  }
}
