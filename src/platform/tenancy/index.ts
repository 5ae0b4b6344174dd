export { PlatformChanges } from './platform-changes';
export { TeamCache } from './team-cache';
export { TeamChanges } from './team-changes';
export { TeamDeletions } from './team-deletions';
export { TenancyModule } from './tenancy.module';
