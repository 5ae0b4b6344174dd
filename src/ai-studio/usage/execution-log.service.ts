import { Inject, Injectable } from '@nestjs/common';
import { aiStudioApp } from '@kdx/shared';
import { isTeamAdminFor, toScope, type Caller } from '../../identity';
import { notFound } from '../../platform/errors';
import { defaultPageSize, parseTimeCursor, toPage, type Page } from '../../platform/http';
import { parseModelName } from '../models/model-ref';
import type { ExecutionPromptView, ExecutionView, FindExecutionsDto } from './execution.dto';
import type { Execution } from './execution.entity';
import { ExecutionRepository } from './execution.repository';
import { PromptTextRepository } from './prompt-text.repository';

/** Shows what ran: all of the team to its admins (and API keys that may), their own to members and other keys. */
@Injectable()
export class ExecutionLogService {
  constructor(
    @Inject(ExecutionRepository) private readonly executions: ExecutionRepository,
    @Inject(PromptTextRepository) private readonly texts: PromptTextRepository,
  ) {}

  async list(
    caller: Caller,
    { cursor, limit = defaultPageSize, appId, userId, modelId, from, to }: FindExecutionsDto,
  ): Promise<Page<ExecutionView>> {
    const { teamId, userId: self } = toScope(caller, aiStudioApp);
    const rows = await this.executions.list(teamId, {
      appId,
      userId: seesWholeTeam(caller) ? userId : self,
      model: modelId === undefined ? undefined : parseModelName(modelId),
      from: from === undefined ? undefined : new Date(from),
      to: to === undefined ? undefined : new Date(to),
      before: parseTimeCursor(cursor),
      limit: limit + 1,
    });
    const page = toPage(rows, limit, ({ createdAt, id }) => [createdAt.toISOString(), id]);
    return { ...page, items: page.items.map(toView) };
  }

  /**
   * What the model of an execution was told, byte for byte. Throws `NOT_FOUND` for an execution that the caller may not
   * see, and for one from before prompts were kept.
   */
  async getPrompt(caller: Caller, executionId: string): Promise<ExecutionPromptView> {
    const scope = toScope(caller, aiStudioApp);
    const execution = await this.executions.find(scope.teamId, executionId);
    if (!execution || (execution.userId !== scope.userId && !seesWholeTeam(caller)))
      throw notFound('The execution');
    const { prompt, modelRef } = execution;
    if (!prompt) throw notFound('The prompt of this execution');
    const { strategy, role, asPrepared, separator, sections } = prompt;
    const texts = await this.texts.find(
      scope,
      sections.map(({ sha256 }) => sha256),
    );
    const layers = sections.map((section) => ({ ...section, text: texts.get(section.sha256) ?? null }));
    const parts = layers.flatMap(({ text }) => text ?? []);
    const system = parts.length === layers.length ? parts.join(separator) : null;
    return { executionId, modelRef, strategy, role, asPrepared, system, layers };
  }
}

function seesWholeTeam(caller: Caller): boolean {
  return isTeamAdminFor(caller, 'executions.readTeam');
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
