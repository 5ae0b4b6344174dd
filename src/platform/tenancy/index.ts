export { TeamCache } from './team-cache';
export { TeamChanges } from './team-changes';
export { TenancyModule } from './tenancy.module';
