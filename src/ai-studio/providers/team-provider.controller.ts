import { Body, Controller, Delete, HttpCode, Inject, Param, Patch, Post } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { aiStudioApp } from '@kdx/shared';
import { CurrentCaller, RequirePermission, toScope, type Caller } from '../../identity';
import { MayAnswer } from '../../platform/http';
import { CreateTeamProviderDto, ProviderView, UpdateTeamProviderDto } from './provider.dto';
import { ProviderService } from './provider.service';

@ApiTags('Team providers')
@Controller('api/v1/team-providers')
export class TeamProviderController {
  constructor(@Inject(ProviderService) private readonly providers: ProviderService) {}

  @Post()
  @RequirePermission('teamProviders.write')
  @MayAnswer('EGRESS_REFUSED')
  @ApiOperation({ summary: 'Add an OpenAI-compatible endpoint of this team, with the models that it serves' })
  @ApiCreatedResponse({ type: ProviderView })
  create(@CurrentCaller() caller: Caller, @Body() body: CreateTeamProviderDto): Promise<ProviderView> {
    return this.providers.createForTeam(toScope(caller, aiStudioApp), body);
  }

  @Patch(':providerId')
  @RequirePermission('teamProviders.write')
  @MayAnswer('EGRESS_REFUSED')
  @ApiOperation({ summary: 'Change it. After a new address, its key has to be stored again' })
  @ApiOkResponse({ type: ProviderView })
  update(
    @CurrentCaller() caller: Caller,
    @Param('providerId') providerId: string,
    @Body() body: UpdateTeamProviderDto,
  ): Promise<ProviderView> {
    return this.providers.updateForTeam(toScope(caller, aiStudioApp), providerId, body);
  }

  @Delete(':providerId')
  @HttpCode(204)
  @RequirePermission('teamProviders.write')
  @ApiOperation({ summary: 'Remove it, its models and its key' })
  @ApiNoContentResponse()
  delete(@CurrentCaller() caller: Caller, @Param('providerId') providerId: string): Promise<void> {
    return this.providers.deleteForTeam(toScope(caller, aiStudioApp), providerId);
  }
}
