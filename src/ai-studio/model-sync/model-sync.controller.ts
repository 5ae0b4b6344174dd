import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequirePermission, type Caller } from '../../identity';
import { MayAnswer } from '../../platform/http';
import {
  ApplyDiffDto,
  FindSyncRunsDto,
  ModelSyncDiffView,
  SyncRunPageView,
  SyncRunView,
} from './model-sync.dto';
import { ModelSyncService } from './model-sync.service';
import { diffForUser, startedByUser } from './started-by-user';

@ApiTags('Model sync')
@Controller('api/v1/model-sync')
export class ModelSyncController {
  constructor(@Inject(ModelSyncService) private readonly sync: ModelSyncService) {}

  @Post(':providerId/diff')
  @HttpCode(200)
  @RequirePermission('models.write')
  @MayAnswer('TOKEN_MISSING', 'TOKEN_UNREADABLE', 'EGRESS_REFUSED', 'PROVIDER_FAILED')
  @ApiOperation({ summary: "Compare the catalogue with the provider's own list; changes nothing" })
  @ApiOkResponse({ type: ModelSyncDiffView })
  diff(@CurrentCaller() caller: Caller, @Param('providerId') providerId: string): Promise<ModelSyncDiffView> {
    return diffForUser(this.sync, caller, providerId);
  }

  @Post(':providerId/apply')
  @HttpCode(200)
  @RequirePermission('models.write')
  @ApiOperation({ summary: 'Apply a diff, or the accepted part of it, in one transaction' })
  @ApiOkResponse({ type: SyncRunView })
  apply(
    @CurrentCaller() caller: Caller,
    @Param('providerId') providerId: string,
    @Body() { diffId, accept }: ApplyDiffDto,
  ): Promise<SyncRunView> {
    return this.sync.apply(startedByUser(caller), providerId, diffId, accept);
  }

  @Get('runs')
  @RequirePermission('models.write')
  @ApiOperation({ summary: 'List comparisons and applications, newest first' })
  @ApiOkResponse({ type: SyncRunPageView })
  listRuns(@Query() query: FindSyncRunsDto): Promise<SyncRunPageView> {
    return this.sync.listRuns(query);
  }
}
