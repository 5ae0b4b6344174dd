import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequirePermission, type Caller } from '../../identity';
import { AuditEventPageView, FindAuditEventsDto } from './audit.dto';
import { AuditService } from './audit.service';

@ApiTags('Audit log')
@Controller('api/v1/audit-events')
export class AuditController {
  constructor(@Inject(AuditService) private readonly audit: AuditService) {}

  @Get()
  @RequirePermission('audit.read')
  @ApiOperation({ summary: 'List who did what to what, newest first, refused attempts too' })
  @ApiOkResponse({ type: AuditEventPageView })
  list(@CurrentCaller() caller: Caller, @Query() query: FindAuditEventsDto): Promise<AuditEventPageView> {
    return this.audit.list(caller, query);
  }
}
