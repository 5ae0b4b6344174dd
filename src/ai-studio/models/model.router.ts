import { Inject } from '@nestjs/common';
import { Ctx, Input, Mutation, Query, Router } from 'nestjs-trpc';
import { aiStudioApp } from '@kdx/shared';
import { needs, toOrigin, toScope, type CallerContext } from '../../identity';
import { dto } from '../../platform/http';
import {
  CreateModelDto,
  FindModelsDto,
  ModelNameDto,
  UpdateNamedModelDto,
  type ModelPageView,
  type CatalogueEntryView,
} from './model.dto';
import { ModelService } from './model.service';

@Router({ alias: 'aiModels' })
export class ModelRouter {
  constructor(@Inject(ModelService) private readonly models: ModelService) {}

  @Query({ input: dto(FindModelsDto), meta: needs('models.read') })
  find(@Input() input: FindModelsDto, @Ctx() { caller }: CallerContext): Promise<ModelPageView> {
    return this.models.list(toScope(caller, aiStudioApp).teamId, input);
  }

  @Mutation({ input: dto(CreateModelDto), meta: needs('models.write') })
  create(@Input() input: CreateModelDto, @Ctx() { caller }: CallerContext): Promise<CatalogueEntryView> {
    return this.models.create(toOrigin(caller), input);
  }

  @Mutation({ input: dto(UpdateNamedModelDto), meta: needs('models.write') })
  update(
    @Input() { modelId, ...changes }: UpdateNamedModelDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<CatalogueEntryView> {
    return this.models.update(toOrigin(caller), modelId, changes);
  }

  @Mutation({ input: dto(ModelNameDto), meta: needs('models.write') })
  delete(@Input() { modelId }: ModelNameDto, @Ctx() { caller }: CallerContext): Promise<void> {
    return this.models.delete(toOrigin(caller), modelId);
  }
}
