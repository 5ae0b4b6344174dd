import { Inject } from '@nestjs/common';
import { Ctx, Input, Mutation, Query, Router } from 'nestjs-trpc';
import { aiStudioApp } from '@kdx/shared';
import { needs, toScope, type CallerContext } from '../../identity';
import { dto } from '../../platform/http';
import {
  SaveNamedTokenDto,
  TokenNameDto,
  type TokenListView,
  type TokenTestView,
  type TokenView,
} from './token.dto';
import { TokenService } from './token.service';

@Router({ alias: 'aiTokens' })
export class TokenRouter {
  constructor(@Inject(TokenService) private readonly tokens: TokenService) {}

  @Query({ meta: needs('tokens.read') })
  async find(@Ctx() { caller }: CallerContext): Promise<TokenListView> {
    return { items: await this.tokens.list(toScope(caller, aiStudioApp).teamId) };
  }

  @Mutation({ input: dto(SaveNamedTokenDto), meta: needs('tokens.write') })
  save(
    @Input() { providerId, token }: SaveNamedTokenDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<TokenView> {
    return this.tokens.save(toScope(caller, aiStudioApp), providerId, token);
  }

  @Mutation({ input: dto(TokenNameDto), meta: needs('tokens.write') })
  test(@Input() { providerId }: TokenNameDto, @Ctx() { caller }: CallerContext): Promise<TokenTestView> {
    return this.tokens.test(toScope(caller, aiStudioApp), providerId);
  }

  @Mutation({ input: dto(TokenNameDto), meta: needs('tokens.write') })
  removeByProvider(@Input() { providerId }: TokenNameDto, @Ctx() { caller }: CallerContext): Promise<void> {
    return this.tokens.delete(toScope(caller, aiStudioApp), providerId);
  }
}
