import { Inject } from '@nestjs/common';
import { Ctx, Input, Query, Router } from 'nestjs-trpc';
import { needs, type CallerContext } from '../../identity';
import { dto } from '../../platform/http';
import { FindAuditEventsDto, type AuditEventPageView } from './audit.dto';
import { AuditService } from './audit.service';

@Router({ alias: 'aiAudit' })
export class AuditRouter {
  constructor(@Inject(AuditService) private readonly audit: AuditService) {}

  @Query({ input: dto(FindAuditEventsDto), meta: needs('audit.read') })
  find(@Input() input: FindAuditEventsDto, @Ctx() { caller }: CallerContext): Promise<AuditEventPageView> {
    return this.audit.list(caller, input);
  }
}
