import { Body, Controller, Get, HttpCode, Inject, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { aiStudioApp } from '@kdx/shared';
import { CurrentCaller, RequirePermission, toScope, type Caller } from '../../identity';
import { MayAnswer } from '../../platform/http';
import { ModelTestService } from '../execution/model-test.service';
import {
  FindTeamModelsDto,
  ModelTestView,
  OrderTeamModelsDto,
  SetDefaultModelDto,
  TeamModelListView,
  TeamModelPageView,
  TeamModelView,
  TestTeamModelDto,
  UpdateTeamModelDto,
} from './team-model.dto';
import { TeamModelService } from './team-model.service';

@ApiTags('Team models')
@Controller('api/v1/team-models')
export class TeamModelController {
  constructor(
    @Inject(TeamModelService) private readonly models: TeamModelService,
    @Inject(ModelTestService) private readonly tests: ModelTestService,
  ) {}

  @Get()
  @RequirePermission('teamModels.read')
  @ApiOperation({
    summary: 'List the models that the team can enable: enabled ones first, in fallback order',
  })
  @ApiOkResponse({ type: TeamModelPageView })
  list(@CurrentCaller() caller: Caller, @Query() query: FindTeamModelsDto): Promise<TeamModelPageView> {
    return this.models.list(toScope(caller, aiStudioApp).teamId, query);
  }

  @Get('default')
  @RequirePermission('teamModels.read')
  @MayAnswer('NO_DEFAULT_MODEL')
  @ApiOperation({ summary: 'Read the default model' })
  @ApiOkResponse({ type: TeamModelView })
  getDefault(@CurrentCaller() caller: Caller): Promise<TeamModelView> {
    return this.models.getDefault(toScope(caller, aiStudioApp).teamId);
  }

  @Put('default')
  @RequirePermission('teamModels.write')
  @MayAnswer('MODEL_NOT_AVAILABLE')
  @ApiOperation({ summary: 'Choose the default model among the enabled ones' })
  @ApiOkResponse({ type: TeamModelView })
  setDefault(@CurrentCaller() caller: Caller, @Body() body: SetDefaultModelDto): Promise<TeamModelView> {
    return this.models.setDefault(toScope(caller, aiStudioApp), body.modelId);
  }

  @Put('order')
  @RequirePermission('teamModels.write')
  @ApiOperation({ summary: 'Set the fallback order: exactly the enabled models, first choice first' })
  @ApiOkResponse({ type: TeamModelListView })
  async reorder(
    @CurrentCaller() caller: Caller,
    @Body() body: OrderTeamModelsDto,
  ): Promise<TeamModelListView> {
    return { items: await this.models.reorder(toScope(caller, aiStudioApp), body.modelIds) };
  }

  @Patch(':modelId')
  @RequirePermission('teamModels.write')
  @MayAnswer('MODEL_NOT_AVAILABLE')
  @ApiOperation({ summary: 'Enable or disable a model, or set its call settings' })
  @ApiOkResponse({ type: TeamModelView })
  update(
    @CurrentCaller() caller: Caller,
    @Param('modelId') modelId: string,
    @Body() body: UpdateTeamModelDto,
  ): Promise<TeamModelView> {
    return this.models.update(toScope(caller, aiStudioApp), modelId, body);
  }

  @Post(':modelId/test')
  @HttpCode(200)
  @RequirePermission('teamModels.write')
  @MayAnswer('MODEL_NOT_AVAILABLE', 'NO_DEFAULT_MODEL', 'TOKEN_MISSING', 'TOKEN_UNREADABLE', 'EGRESS_REFUSED')
  @ApiOperation({ summary: "Try a model with a real call, on the path that a consumer's call takes" })
  @ApiOkResponse({ type: ModelTestView })
  test(
    @CurrentCaller() caller: Caller,
    @Param('modelId') modelId: string,
    @Body() body: TestTeamModelDto,
  ): Promise<ModelTestView> {
    return this.tests.test(toScope(caller, aiStudioApp), modelId, body.prompt);
  }
}
