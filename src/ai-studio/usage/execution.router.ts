import { Inject } from '@nestjs/common';
import { Ctx, Input, Query, Router } from 'nestjs-trpc';
import { needs, type CallerContext } from '../../identity';
import { dto } from '../../platform/http';
import { ExecutionLogService } from './execution-log.service';
import {
  ExecutionNameDto,
  FindExecutionsDto,
  type ExecutionPageView,
  type ExecutionPromptView,
} from './execution.dto';

@Router({ alias: 'aiExecutions' })
export class ExecutionRouter {
  constructor(@Inject(ExecutionLogService) private readonly executions: ExecutionLogService) {}

  @Query({ input: dto(FindExecutionsDto), meta: needs('executions.read') })
  find(@Input() input: FindExecutionsDto, @Ctx() { caller }: CallerContext): Promise<ExecutionPageView> {
    return this.executions.list(caller, input);
  }

  @Query({ input: dto(ExecutionNameDto), meta: needs('executions.read') })
  getPrompt(
    @Input() { executionId }: ExecutionNameDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<ExecutionPromptView> {
    return this.executions.getPrompt(caller, executionId);
  }
}
