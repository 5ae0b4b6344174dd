import { Inject, Injectable } from '@nestjs/common';
import { aiStudioApp } from '@kdx/shared';
import { isTeamAdmin, toScope, type Caller } from '../../identity';
import { defaultPageSize, parseCursor, toPage, type Page } from '../../platform/http';
import type { ExecutionView, FindExecutionsDto } from './execution.dto';
import type { Execution } from './execution.entity';
import { ExecutionRepository } from './execution.repository';

/** Shows what ran: all of the team to its admins, their own to members. */
@Injectable()
export class ExecutionLogService {
  constructor(@Inject(ExecutionRepository) private readonly executions: ExecutionRepository) {}

  async list(
    caller: Caller,
    { cursor, limit = defaultPageSize, appId, userId, modelId, from, to }: FindExecutionsDto,
  ): Promise<Page<ExecutionView>> {
    const { teamId, userId: self } = toScope(caller, aiStudioApp);
    const rows = await this.executions.list(teamId, {
      appId,
      userId: isTeamAdmin(caller) ? userId : self,
      modelId,
      from: from === undefined ? undefined : new Date(from),
      to: to === undefined ? undefined : new Date(to),
      before: parseCursor(cursor, 1)?.[0],
      limit: limit + 1,
    });
    const page = toPage(rows, limit, ({ id }) => [id]);
    return { ...page, items: page.items.map(toView) };
  }
}

function toView(row: Execution): ExecutionView {
  const {
    id,
    appId,
    userId,
    providerId,
    modelRef,
    agentId,
    agentVersion,
    outcome,
    costNanoUsd,
    attempts,
    timings,
  } = row;
  return {
    id,
    appId,
    userId,
    providerId,
    modelRef,
    agentId,
    agentVersion,
    outcome,
    usage: {
      inputTokens: row.inputTokens,
      cachedInputTokens: row.cachedInputTokens,
      cacheWriteTokens: row.cacheWriteTokens,
      outputTokens: row.outputTokens,
      reasoningTokens: row.reasoningTokens,
      source: row.usageSource,
    },
    costNanoUsd: costNanoUsd === null ? null : String(costNanoUsd),
    usd: costNanoUsd === null ? null : costNanoUsd / 1e9,
    attempts,
    timings,
    createdAt: row.createdAt.toISOString(),
  };
}
