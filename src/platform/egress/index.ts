export { EgressModule } from './egress.module';
export { parseAllowHosts, type AllowedHost } from './allowed-hosts';
export { EgressGuard, type EgressGuardOptions } from './egress-guard';
export type { EgressRefusalReason } from './refusal';
