import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { aiStudioApp } from '@kdx/shared';
import { CurrentCaller, RequirePermission, toOrigin, toScope, type Caller } from '../../identity';
import { MayAnswer } from '../../platform/http';
import {
  CatalogueEntryView,
  CreateModelDto,
  FindModelsDto,
  ModelPageView,
  UpdateModelDto,
} from './model.dto';
import { ModelService } from './model.service';

@ApiTags('Models')
@Controller('api/v1/models')
export class ModelController {
  constructor(@Inject(ModelService) private readonly models: ModelService) {}

  @Get()
  @RequirePermission('models.read')
  @ApiOperation({ summary: 'List the global catalogue' })
  @ApiOkResponse({ type: ModelPageView })
  list(@CurrentCaller() caller: Caller, @Query() query: FindModelsDto): Promise<ModelPageView> {
    return this.models.list(toScope(caller, aiStudioApp).teamId, query);
  }

  @Post()
  @RequirePermission('models.write')
  @ApiOperation({ summary: 'Add a model to the catalogue' })
  @ApiCreatedResponse({ type: CatalogueEntryView })
  create(@CurrentCaller() caller: Caller, @Body() body: CreateModelDto): Promise<CatalogueEntryView> {
    return this.models.create(toOrigin(caller), body);
  }

  @Patch(':modelId')
  @RequirePermission('models.write')
  @MayAnswer('MODEL_NOT_AVAILABLE')
  @ApiOperation({ summary: 'Change a model of the catalogue' })
  @ApiOkResponse({ type: CatalogueEntryView })
  update(
    @CurrentCaller() caller: Caller,
    @Param('modelId') modelId: string,
    @Body() body: UpdateModelDto,
  ): Promise<CatalogueEntryView> {
    return this.models.update(toOrigin(caller), modelId, body);
  }

  @Delete(':modelId')
  @HttpCode(204)
  @RequirePermission('models.write')
  @ApiOperation({ summary: 'Take a model out of the catalogue, and out of every team' })
  @ApiNoContentResponse()
  delete(@CurrentCaller() caller: Caller, @Param('modelId') modelId: string): Promise<void> {
    return this.models.delete(toOrigin(caller), modelId);
  }
}
