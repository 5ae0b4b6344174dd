import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../../platform/errors';
import { assertPermission } from '../callers/caller';
import { CallerService } from '../callers/caller.service';
import { toCredentials } from '../callers/credentials';
import { permissions, type Permission } from './permissions';
import { permissionMetadata } from './require-permission';

/** Decides every REST call by the permission table and attaches the caller. A handler without a permission is refused. */
@Injectable()
export class PermissionGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(CallerService) private readonly callers: CallerService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const permission = this.reflector.get<Permission | undefined>(permissionMetadata, context.getHandler());
    if (!permission)
      throw new AppError('INTERNAL', 'This route declares no permission and is therefore closed.');
    if (permissions[permission] === 'public') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const caller = await this.callers.identify(toCredentials(request));
    assertPermission(caller, permission);
    request.caller = caller;
    return true;
  }
}
