import { Global, Module } from '@nestjs/common';
import { AnchorWriter } from './anchor-writer';
import { AuditEventRepository } from './audit-event.repository';
import { AuditLog } from './audit-log';
import { RefusedAttempts } from './refused-attempts';

/** The audit log: appended to inside the transactions that change something, anchored outside the database. */
@Global()
@Module({
  providers: [AuditEventRepository, AnchorWriter, AuditLog, RefusedAttempts],
  exports: [AuditLog, RefusedAttempts],
})
export class AuditModule {}
