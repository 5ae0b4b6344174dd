import { SetMetadata } from '@nestjs/common';
import type { Permission } from './permissions';

export const permissionMetadata = 'ai-studio:permission';

/** Declares what a REST handler asks of its caller. tRPC procedures say `meta: needs('…')`. */
export const RequirePermission = (permission: Permission) => SetMetadata(permissionMetadata, permission);

/** tRPC `meta` of a procedure: `@Query({ meta: needs('tokens.read') })`. */
export function needs(permission: Permission): { permission: Permission } {
  return { permission };
}
