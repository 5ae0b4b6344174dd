import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { UuidPipe } from '../../platform/http';
import type { Caller } from '../callers/caller';
import { CurrentCaller } from '../callers/current-caller';
import { RequirePermission } from '../permissions/require-permission';
import { ApiKeyPageView, CreateApiKeyDto, CreatedApiKeyView, FindApiKeysDto } from './api-key.dto';
import { ApiKeyService } from './api-key.service';

@ApiTags('API keys')
@Controller('api/v1/api-keys')
export class ApiKeyController {
  constructor(@Inject(ApiKeyService) private readonly keys: ApiKeyService) {}

  @Get()
  @RequirePermission('apiKeys.read')
  @ApiOperation({ summary: "List the team's API keys, newest first, without their secrets" })
  @ApiOkResponse({ type: ApiKeyPageView })
  list(@CurrentCaller() caller: Caller, @Query() query: FindApiKeysDto): Promise<ApiKeyPageView> {
    return this.keys.list(caller, query);
  }

  @Post()
  @RequirePermission('apiKeys.write')
  @ApiOperation({ summary: 'Make an API key. Its secret is in this answer, and never again' })
  @ApiCreatedResponse({ type: CreatedApiKeyView })
  create(@CurrentCaller() caller: Caller, @Body() body: CreateApiKeyDto): Promise<CreatedApiKeyView> {
    return this.keys.create(caller, body);
  }

  @Delete(':keyId')
  @HttpCode(204)
  @RequirePermission('apiKeys.write')
  @ApiOperation({ summary: 'Revoke an API key, at once and for ever, with the conversations that it had' })
  @ApiNoContentResponse()
  delete(@CurrentCaller() caller: Caller, @Param('keyId', UuidPipe) keyId: string): Promise<void> {
    return this.keys.delete(caller, keyId);
  }
}
