import { Inject } from '@nestjs/common';
import { Ctx, Input, Mutation, Query, Router } from 'nestjs-trpc';
import { aiStudioApp } from '@kdx/shared';
import { needs, toScope, type CallerContext } from '../../identity';
import { dto } from '../../platform/http';
import { ModelTestService } from '../execution/model-test.service';
import {
  FindTeamModelsDto,
  OrderTeamModelsDto,
  SetDefaultModelDto,
  TestNamedTeamModelDto,
  ToggleTeamModelDto,
  UpdateNamedTeamModelDto,
  type ModelTestView,
  type TeamModelListView,
  type TeamModelPageView,
  type TeamModelView,
} from './team-model.dto';
import { TeamModelService } from './team-model.service';

@Router({ alias: 'aiTeamModels' })
export class TeamModelRouter {
  constructor(
    @Inject(TeamModelService) private readonly models: TeamModelService,
    @Inject(ModelTestService) private readonly tests: ModelTestService,
  ) {}

  @Query({ input: dto(FindTeamModelsDto), meta: needs('teamModels.read') })
  findAvailable(
    @Input() input: FindTeamModelsDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<TeamModelPageView> {
    return this.models.list(toScope(caller, aiStudioApp).teamId, input);
  }

  @Mutation({ input: dto(UpdateNamedTeamModelDto), meta: needs('teamModels.write') })
  update(
    @Input() { modelId, ...changes }: UpdateNamedTeamModelDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<TeamModelView> {
    return this.models.update(toScope(caller, aiStudioApp), modelId, changes);
  }

  @Mutation({ input: dto(ToggleTeamModelDto), meta: needs('teamModels.write') })
  toggle(
    @Input() { modelId, enabled }: ToggleTeamModelDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<TeamModelView> {
    return this.models.update(toScope(caller, aiStudioApp), modelId, { enabled });
  }

  @Query({ meta: needs('teamModels.read') })
  getDefault(@Ctx() { caller }: CallerContext): Promise<TeamModelView> {
    return this.models.getDefault(toScope(caller, aiStudioApp).teamId);
  }

  @Mutation({ input: dto(SetDefaultModelDto), meta: needs('teamModels.write') })
  setDefault(
    @Input() { modelId }: SetDefaultModelDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<TeamModelView> {
    return this.models.setDefault(toScope(caller, aiStudioApp), modelId);
  }

  @Mutation({ input: dto(OrderTeamModelsDto), meta: needs('teamModels.write') })
  async reorder(
    @Input() { modelIds }: OrderTeamModelsDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<TeamModelListView> {
    return { items: await this.models.reorder(toScope(caller, aiStudioApp), modelIds) };
  }

  @Mutation({ input: dto(TestNamedTeamModelDto), meta: needs('teamModels.write') })
  test(
    @Input() { modelId, prompt }: TestNamedTeamModelDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<ModelTestView> {
    return this.tests.test(toScope(caller, aiStudioApp), modelId, prompt);
  }
}
