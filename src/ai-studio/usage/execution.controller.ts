import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequirePermission, type Caller } from '../../identity';
import { UuidPipe } from '../../platform/http';
import { ExecutionLogService } from './execution-log.service';
import { ExecutionPageView, ExecutionPromptView, FindExecutionsDto } from './execution.dto';

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

  @Get(':executionId/prompt')
  @RequirePermission('executions.read')
  @ApiOperation({
    summary:
      "Read what the model was told. A user's own instructions are shown to that user alone; others see their digest",
  })
  @ApiOkResponse({ type: ExecutionPromptView })
  getPrompt(
    @CurrentCaller() caller: Caller,
    @Param('executionId', UuidPipe) executionId: string,
  ): Promise<ExecutionPromptView> {
    return this.executions.getPrompt(caller, executionId);
  }
}
