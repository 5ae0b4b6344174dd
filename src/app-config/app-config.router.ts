import { Inject } from '@nestjs/common';
import { Ctx, Input, Mutation, Query, Router } from 'nestjs-trpc';
import { needs, type CallerContext } from '../identity';
import { dto } from '../platform/http';
import { AppConfigService } from './app-config.service';
import { toConfigScope } from './config-scope';
import { GetAppConfigDto, SaveAppConfigDto, type ConfigView } from './config.dto';

/** `app.*`: serves every app; none gets configuration endpoints of its own. */
@Router({ alias: 'app' })
export class AppConfigRouter {
  constructor(@Inject(AppConfigService) private readonly configs: AppConfigService) {}

  @Query({ input: dto(GetAppConfigDto), meta: needs('appConfig.readOwn') })
  getUserAppTeamConfig(
    @Input() input: GetAppConfigDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<ConfigView> {
    return this.configs.get(toConfigScope(caller, input.appId), 'user');
  }

  @Mutation({ input: dto(SaveAppConfigDto), meta: needs('appConfig.writeOwn') })
  saveUserAppTeamConfig(
    @Input() input: SaveAppConfigDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<ConfigView> {
    return this.configs.save(toConfigScope(caller, input.appId), 'user', input.config, input.version);
  }

  @Query({ input: dto(GetAppConfigDto), meta: needs('appConfig.readTeam') })
  getAppTeamConfig(@Input() input: GetAppConfigDto, @Ctx() { caller }: CallerContext): Promise<ConfigView> {
    return this.configs.get(toConfigScope(caller, input.appId), 'team');
  }

  @Mutation({ input: dto(SaveAppConfigDto), meta: needs('appConfig.writeTeam') })
  saveAppTeamConfig(@Input() input: SaveAppConfigDto, @Ctx() { caller }: CallerContext): Promise<ConfigView> {
    return this.configs.save(toConfigScope(caller, input.appId), 'team', input.config, input.version);
  }
}
