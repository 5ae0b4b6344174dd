import { Body, Controller, Get, Inject, Param, Put } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequirePermission, type Caller } from '../identity';
import { AppConfigService } from './app-config.service';
import { toConfigScope } from './config-scope';
import { ConfigView, SaveConfigDto } from './config.dto';

@ApiTags('App configuration')
@Controller('api/v1/app-config/:appId')
export class AppConfigController {
  constructor(@Inject(AppConfigService) private readonly configs: AppConfigService) {}

  @Get('team')
  @RequirePermission('appConfig.readTeam')
  @ApiOperation({ summary: 'Read what the team configured of an app' })
  @ApiOkResponse({ type: ConfigView })
  getTeam(@CurrentCaller() caller: Caller, @Param('appId') appId: string): Promise<ConfigView> {
    return this.configs.get(toConfigScope(caller, appId), 'team');
  }

  @Put('team')
  @RequirePermission('appConfig.writeTeam')
  @ApiOperation({ summary: 'Change what the team configured of an app' })
  @ApiOkResponse({ type: ConfigView })
  saveTeam(
    @CurrentCaller() caller: Caller,
    @Param('appId') appId: string,
    @Body() body: SaveConfigDto,
  ): Promise<ConfigView> {
    return this.configs.save(toConfigScope(caller, appId), 'team', body.config, body.version);
  }

  @Get('me')
  @RequirePermission('appConfig.readOwn')
  @ApiOperation({ summary: 'Read what you configured of an app in this team' })
  @ApiOkResponse({ type: ConfigView })
  getOwn(@CurrentCaller() caller: Caller, @Param('appId') appId: string): Promise<ConfigView> {
    return this.configs.get(toConfigScope(caller, appId), 'user');
  }

  @Put('me')
  @RequirePermission('appConfig.writeOwn')
  @ApiOperation({ summary: 'Change what you configured of an app in this team' })
  @ApiOkResponse({ type: ConfigView })
  saveOwn(
    @CurrentCaller() caller: Caller,
    @Param('appId') appId: string,
    @Body() body: SaveConfigDto,
  ): Promise<ConfigView> {
    return this.configs.save(toConfigScope(caller, appId), 'user', body.config, body.version);
  }
}
