import { Inject, Injectable } from '@nestjs/common';
import type { MiddlewareOptions, MiddlewareResponse, TRPCMiddleware } from 'nestjs-trpc';
import { AppError, toTrpcError } from '../../platform/errors';
import type { TrpcRequestContext } from '../../platform/trpc';
import { assertPermission, type Caller } from '../callers/caller';
import { CallerService } from '../callers/caller.service';
import { toCredentials } from '../callers/credentials';
import type { Permission } from './permissions';

/** What a procedure gets with `@Ctx()`. */
export interface CallerContext extends TrpcRequestContext {
  caller: Caller;
}

type Meta = { permission?: Permission } | undefined;

/** Decides every tRPC call by the permission table, and gives errors their tRPC code. Nest's guards do not run there. */
@Injectable()
export class TrpcPermissionMiddleware implements TRPCMiddleware<Meta> {
  constructor(@Inject(CallerService) private readonly callers: CallerService) {}

  async use(opts: MiddlewareOptions<TrpcRequestContext, Record<string, unknown>, Meta>): MiddlewareResponse {
    try {
      const permission = opts.meta?.permission;
      if (!permission)
        throw new AppError('INTERNAL', 'This procedure declares no permission and is therefore closed.');
      const caller = await this.callers.identify(toCredentials(opts.ctx.request));
      assertPermission(caller, permission);
      const result = await opts.next({ ctx: { ...opts.ctx, caller } });
      if (!result.ok) throw result.error;
      return result;
    } catch (error) {
      throw toTrpcError(error);
    }
  }
}
