import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequirePermission, type Caller } from '../../identity';
import { ExecutionLogService } from './execution-log.service';
import { ExecutionPageView, FindExecutionsDto } from './execution.dto';

@ApiTags('Executions')
@Controller('api/v1/executions')
export class ExecutionController {
  constructor(@Inject(ExecutionLogService) private readonly executions: ExecutionLogService) {}

  @Get()
  @RequirePermission('executions.read')
  @ApiOperation({ summary: 'List what ran, newest first: all of the team for admins, your own for members' })
  @ApiOkResponse({ type: ExecutionPageView })
  list(@CurrentCaller() caller: Caller, @Query() query: FindExecutionsDto): Promise<ExecutionPageView> {
    return this.executions.list(caller, query);
  }
}
