import { Inject } from '@nestjs/common';
import { Ctx, Input, Mutation, Query, Router } from 'nestjs-trpc';
import { dto } from '../../platform/http';
import { needs } from '../permissions/require-permission';
import type { CallerContext } from '../permissions/trpc-permission.middleware';
import {
  CreateApiKeyDto,
  FindApiKeysDto,
  NamedApiKeyDto,
  type ApiKeyPageView,
  type CreatedApiKeyView,
} from './api-key.dto';
import { ApiKeyService } from './api-key.service';

@Router({ alias: 'apiKeys' })
export class ApiKeyRouter {
  constructor(@Inject(ApiKeyService) private readonly keys: ApiKeyService) {}

  @Query({ input: dto(FindApiKeysDto), meta: needs('apiKeys.read') })
  find(@Input() input: FindApiKeysDto, @Ctx() { caller }: CallerContext): Promise<ApiKeyPageView> {
    return this.keys.list(caller, input);
  }

  @Mutation({ input: dto(CreateApiKeyDto), meta: needs('apiKeys.write') })
  create(@Input() input: CreateApiKeyDto, @Ctx() { caller }: CallerContext): Promise<CreatedApiKeyView> {
    return this.keys.create(caller, input);
  }

  @Mutation({ input: dto(NamedApiKeyDto), meta: needs('apiKeys.write') })
  delete(@Input() { keyId }: NamedApiKeyDto, @Ctx() { caller }: CallerContext): Promise<void> {
    return this.keys.delete(caller, keyId);
  }
}
