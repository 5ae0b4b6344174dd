import { Inject } from '@nestjs/common';
import { Ctx, Input, Mutation, Query, Router } from 'nestjs-trpc';
import { aiStudioApp } from '@kdx/shared';
import { needs, toOrigin, toScope, type CallerContext } from '../../identity';
import { dto } from '../../platform/http';
import {
  CreateProviderDto,
  CreateTeamProviderDto,
  ProviderNameDto,
  UpdateNamedProviderDto,
  UpdateNamedTeamProviderDto,
  type ProviderListView,
  type ProviderView,
} from './provider.dto';
import { ProviderService } from './provider.service';

@Router({ alias: 'aiProviders' })
export class ProviderRouter {
  constructor(@Inject(ProviderService) private readonly providers: ProviderService) {}

  @Query({ meta: needs('providers.read') })
  async find(@Ctx() { caller }: CallerContext): Promise<ProviderListView> {
    return { items: await this.providers.list(toScope(caller, aiStudioApp).teamId) };
  }

  @Mutation({ input: dto(CreateProviderDto), meta: needs('providers.write') })
  create(@Input() input: CreateProviderDto, @Ctx() { caller }: CallerContext): Promise<ProviderView> {
    return this.providers.create(toOrigin(caller), input);
  }

  @Mutation({ input: dto(UpdateNamedProviderDto), meta: needs('providers.write') })
  update(
    @Input() { providerId, ...changes }: UpdateNamedProviderDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<ProviderView> {
    return this.providers.update(toOrigin(caller), providerId, changes);
  }

  @Mutation({ input: dto(ProviderNameDto), meta: needs('providers.write') })
  delete(@Input() { providerId }: ProviderNameDto, @Ctx() { caller }: CallerContext): Promise<void> {
    return this.providers.delete(toOrigin(caller), providerId);
  }

  @Mutation({ input: dto(CreateTeamProviderDto), meta: needs('teamProviders.write') })
  createForTeam(
    @Input() input: CreateTeamProviderDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<ProviderView> {
    return this.providers.createForTeam(toScope(caller, aiStudioApp), input);
  }

  @Mutation({ input: dto(UpdateNamedTeamProviderDto), meta: needs('teamProviders.write') })
  updateForTeam(
    @Input() { providerId, ...changes }: UpdateNamedTeamProviderDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<ProviderView> {
    return this.providers.updateForTeam(toScope(caller, aiStudioApp), providerId, changes);
  }

  @Mutation({ input: dto(ProviderNameDto), meta: needs('teamProviders.write') })
  deleteForTeam(@Input() { providerId }: ProviderNameDto, @Ctx() { caller }: CallerContext): Promise<void> {
    return this.providers.deleteForTeam(toScope(caller, aiStudioApp), providerId);
  }
}
