import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../../platform/errors';
import { assertPermission, type Identified } from '../callers/caller';
import { CallerService } from '../callers/caller.service';
import { toCredentials, toRequestOrigin } from '../callers/credentials';
import { CallLimits } from './call-limits';
import { permissions, type Permission } from './permissions';
import { RefusalRecorder, type Attempt } from './refusal-recorder';
import { permissionMetadata } from './require-permission';

/** Decides every REST call by the permission table and attaches the caller. A handler without a permission is refused. */
@Injectable()
export class PermissionGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(CallerService) private readonly callers: CallerService,
    @Inject(RefusalRecorder) private readonly refusals: RefusalRecorder,
    @Inject(CallLimits) private readonly limits: CallLimits,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const permission = this.reflector.get<Permission | undefined>(permissionMetadata, context.getHandler());
    if (!permission)
      throw new AppError('INTERNAL', 'This route declares no permission and is therefore closed.');
    if (permissions[permission] === 'public') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const attempt = toAttempt(permission, request);
    let caller: Identified | undefined;
    try {
      caller = await this.callers.identify(toCredentials(request));
      await this.limits.take(caller, attempt.door.id);
      assertPermission(caller, permission);
    } catch (error) {
      await this.refusals.record(error, caller, attempt);
      throw error;
    }
    request.caller = caller && { ...caller, request: attempt.request };
    return true;
  }
}

function toAttempt(permission: Permission, request: FastifyRequest): Attempt {
  const { method, routeOptions } = request;
  return {
    permission,
    door: { type: 'route', id: `${method} ${routeOptions.url ?? ''}` },
    writes: !['GET', 'HEAD', 'OPTIONS'].includes(method),
    request: toRequestOrigin(request),
  };
}
