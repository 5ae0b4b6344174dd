export { AuditLog } from './audit-log';
export { AuditModule } from './audit.module';
export { AuditVerifier, type AuditReport } from './audit-verifier';
export { RefusedAttempts } from './refused-attempts';
export {
  instanceChain,
  type AuditEntry,
  type AuditLink,
  type AuditOrigin,
  type AuditTarget,
  type RefusedEntry,
} from './audit-event';
export { changed, difference, unchanged, type Changed } from './change';
export { toEvent, toJson } from './unlinked-event';
