import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post } from '@nestjs/common';
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
import { CreateProviderDto, ProviderListView, ProviderView, UpdateProviderDto } from './provider.dto';
import { ProviderService } from './provider.service';

@ApiTags('Providers')
@Controller('api/v1/providers')
export class ProviderController {
  constructor(@Inject(ProviderService) private readonly providers: ProviderService) {}

  @Get()
  @RequirePermission('providers.read')
  @ApiOperation({ summary: "List the providers that the team can use, the team's own included" })
  @ApiOkResponse({ type: ProviderListView })
  async list(@CurrentCaller() caller: Caller): Promise<ProviderListView> {
    return { items: await this.providers.list(toScope(caller, aiStudioApp).teamId) };
  }

  @Post()
  @RequirePermission('providers.write')
  @MayAnswer('EGRESS_REFUSED')
  @ApiOperation({ summary: 'Add a provider for every team' })
  @ApiCreatedResponse({ type: ProviderView })
  create(@CurrentCaller() caller: Caller, @Body() body: CreateProviderDto): Promise<ProviderView> {
    return this.providers.create(toOrigin(caller), body);
  }

  @Patch(':providerId')
  @RequirePermission('providers.write')
  @MayAnswer('EGRESS_REFUSED')
  @ApiOperation({
    summary: 'Change a provider of every team. After a new address, teams have to store their keys again',
  })
  @ApiOkResponse({ type: ProviderView })
  update(
    @CurrentCaller() caller: Caller,
    @Param('providerId') providerId: string,
    @Body() body: UpdateProviderDto,
  ): Promise<ProviderView> {
    return this.providers.update(toOrigin(caller), providerId, body);
  }

  @Delete(':providerId')
  @HttpCode(204)
  @RequirePermission('providers.write')
  @ApiOperation({ summary: 'Remove a provider with its models and the keys that teams stored for it' })
  @ApiNoContentResponse()
  delete(@CurrentCaller() caller: Caller, @Param('providerId') providerId: string): Promise<void> {
    return this.providers.delete(toOrigin(caller), providerId);
  }
}
