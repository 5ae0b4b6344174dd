import { Global, Module } from '@nestjs/common';
import { AnchorWriter } from './anchor-writer';
import { AuditEventRepository } from './audit-event.repository';
import { AuditLog } from './audit-log';
import { AuditVerifier } from './audit-verifier';
import { RefusedAttempts } from './refused-attempts';

/** The audit log: appended to inside the transactions that change something, anchored outside the database. */
@Global()
@Module({
  providers: [AuditEventRepository, AnchorWriter, AuditLog, RefusedAttempts, AuditVerifier],
  exports: [AuditLog, RefusedAttempts, AuditVerifier],
})
export class AuditModule {}
