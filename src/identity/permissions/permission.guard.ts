import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { RouteAdmission } from './route-admission';

/** Decides every REST call by the permission table and attaches the caller. A handler without a permission is refused. */
@Injectable()
export class PermissionGuard implements CanActivate {
  constructor(@Inject(RouteAdmission) private readonly admission: RouteAdmission) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    await this.admission.admit(request, context.getHandler());
    return true;
  }
}
