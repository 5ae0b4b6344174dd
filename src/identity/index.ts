export { IdentityModule } from './identity.module';
export { forbidden, isTeamAdmin, toOrigin, toScope, type Caller } from './callers/caller';
export { Directory } from './directory/directory';
export { CurrentCaller } from './callers/current-caller';
export { permissions, type Permission } from './permissions/permissions';
export { needs, permissionMetadata, RequirePermission } from './permissions/require-permission';
export { TrpcPermissionMiddleware, type CallerContext } from './permissions/trpc-permission.middleware';
