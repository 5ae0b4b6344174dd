export { IdentityModule } from './identity.module';
export type { ApiKeyRouter } from './api-keys/api-key.router';
export { forbidden, isTeamAdminFor, toOrigin, toScope, type Caller } from './callers/caller';
export { Directory } from './directory/directory';
export { CurrentCaller } from './callers/current-caller';
export { grantablePermissions } from './permissions/grantable';
export { permissions, type Permission } from './permissions/permissions';
export { needs, permissionMetadata, RequirePermission } from './permissions/require-permission';
export { TrpcPermissionMiddleware, type CallerContext } from './permissions/trpc-permission.middleware';
