import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { aiStudioApp } from '@kdx/shared';
import { CurrentCaller, RequirePermission, toScope, type Caller } from '../../identity';
import { MayAnswer } from '../../platform/http';
import { SaveTokenDto, TokenListView, TokenTestView, TokenView } from './token.dto';
import { TokenService } from './token.service';

@ApiTags('Tokens')
@Controller('api/v1/tokens')
export class TokenController {
  constructor(@Inject(TokenService) private readonly tokens: TokenService) {}

  @Get()
  @RequirePermission('tokens.read')
  @ApiOperation({ summary: "List the team's provider keys, masked" })
  @ApiOkResponse({ type: TokenListView })
  async list(@CurrentCaller() caller: Caller): Promise<TokenListView> {
    return { items: await this.tokens.list(toScope(caller, aiStudioApp).teamId) };
  }

  @Put(':providerId')
  @RequirePermission('tokens.write')
  @MayAnswer('TOKEN_UNREADABLE')
  @ApiOperation({ summary: 'Store or replace the key of a provider' })
  @ApiOkResponse({ type: TokenView })
  save(
    @CurrentCaller() caller: Caller,
    @Param('providerId') providerId: string,
    @Body() body: SaveTokenDto,
  ): Promise<TokenView> {
    return this.tokens.save(toScope(caller, aiStudioApp), providerId, body.token);
  }

  @Post(':providerId/test')
  @HttpCode(200)
  @RequirePermission('tokens.write')
  @MayAnswer('TOKEN_MISSING', 'TOKEN_UNREADABLE')
  @ApiOperation({ summary: 'Ask the provider whether it takes the stored key' })
  @ApiOkResponse({ type: TokenTestView })
  test(@CurrentCaller() caller: Caller, @Param('providerId') providerId: string): Promise<TokenTestView> {
    return this.tokens.test(toScope(caller, aiStudioApp), providerId);
  }

  @Delete(':providerId')
  @HttpCode(204)
  @RequirePermission('tokens.write')
  @ApiOperation({ summary: 'Remove the key of a provider' })
  @ApiNoContentResponse()
  delete(@CurrentCaller() caller: Caller, @Param('providerId') providerId: string): Promise<void> {
    return this.tokens.delete(toScope(caller, aiStudioApp), providerId);
  }
}
