import { applyDecorators, SetMetadata } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiExtension } from '@nestjs/swagger';
import type { Permission } from './permissions';

export const permissionMetadata = 'ai-studio:permission';

/** Declares what a REST handler asks of its caller, to the guard and to the API document. tRPC procedures say `meta: needs('…')`. */
export const RequirePermission = (permission: Permission) =>
  applyDecorators(
    SetMetadata(permissionMetadata, permission),
    ApiExtension('x-permission', permission),
    NamedInRoute,
  );

/** Tells Fastify's hooks who answers: they run before Nest knows, and ask the handler what it declares. */
const NamedInRoute: MethodDecorator = (target, name, descriptor) =>
  RouteConfig({ handler: descriptor.value })(target, name, descriptor);

/** tRPC `meta` of a procedure: `@Query({ meta: needs('tokens.read') })`. */
export function needs(permission: Permission): { permission: Permission } {
  return { permission };
}
