import { Inject, Injectable } from '@nestjs/common';
import type { MiddlewareOptions, MiddlewareResponse, TRPCMiddleware } from 'nestjs-trpc';
import { AppError, toTrpcError } from '../../platform/errors';
import type { TrpcRequestContext } from '../../platform/trpc';
import { assertPermission, type Caller, type Identified } from '../callers/caller';
import { CallerService } from '../callers/caller.service';
import { toCredentials, toRequestOrigin } from '../callers/credentials';
import { CallLimits } from './call-limits';
import type { Permission } from './permissions';
import { RefusalRecorder } from './refusal-recorder';

/** What a procedure gets with `@Ctx()`. */
export interface CallerContext extends TrpcRequestContext {
  caller: Caller;
}

type Meta = { permission?: Permission } | undefined;
type Options = MiddlewareOptions<TrpcRequestContext, Record<string, unknown>, Meta>;

/** Decides every tRPC call by the permission table, and gives errors their tRPC code. Nest's guards do not run there. */
@Injectable()
export class TrpcPermissionMiddleware implements TRPCMiddleware<Meta> {
  constructor(
    @Inject(CallerService) private readonly callers: CallerService,
    @Inject(RefusalRecorder) private readonly refusals: RefusalRecorder,
    @Inject(CallLimits) private readonly limits: CallLimits,
  ) {}

  async use(opts: Options): MiddlewareResponse {
    try {
      const permission = opts.meta?.permission;
      if (!permission)
        throw new AppError('INTERNAL', 'This procedure declares no permission and is therefore closed.');
      const caller = await this.admit(opts, permission);
      const result = await opts.next({ ctx: { ...opts.ctx, caller } });
      if (!result.ok) throw result.error;
      return result;
    } catch (error) {
      if (error instanceof AppError) void opts.ctx.reply.headers(error.headers);
      throw toTrpcError(error);
    }
  }

  private async admit({ ctx, path, type }: Options, permission: Permission): Promise<Caller | undefined> {
    const request = toRequestOrigin(ctx.request);
    let caller: Identified | undefined;
    try {
      caller = await this.callers.identify(toCredentials(ctx.request));
      await this.limits.take(caller, path);
      assertPermission(caller, permission);
    } catch (error) {
      const door = { type: 'procedure' as const, id: path };
      await this.refusals.record(error, caller, { permission, door, writes: type !== 'query', request });
      throw error;
    }
    return caller && { ...caller, request };
  }
}
