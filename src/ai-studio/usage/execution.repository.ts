import { Inject, Injectable } from '@nestjs/common';
import type { Scope, TeamId } from '@kdx/shared';
import { Recovery, TeamTransaction, writeWithPatience, type Statement } from '../../platform/database';
import { toModelRef, type ModelName } from '../models/model-ref';
import { Execution } from './execution.entity';
import { PromptTextRepository } from './prompt-text.repository';
import type { PromptText } from './sent-prompt';

/** What to list. `before` is what the last page ended with: pages go back in time. */
export interface ExecutionFilter {
  appId?: string | undefined;
  userId?: string | undefined;
  model?: ModelName | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
  before: [createdAt: string, id: string] | undefined;
  limit: number;
}

/** The ledger of what ran. Every method takes the team first. */
@Injectable()
export class ExecutionRepository {
  constructor(
    @Inject(TeamTransaction) private readonly transaction: TeamTransaction,
    @Inject(Recovery) private readonly recovery: Recovery,
    @Inject(PromptTextRepository) private readonly texts: PromptTextRepository,
  ) {
    recovery.register(
      'executions',
      (isGone) =>
        `update ai_execution set outcome = 'interrupted', finished_at = now() where outcome = 'running' and ${isGone}`,
    );
  }

  /** Stores an execution that this process runs. */
  async insert(scope: Scope, execution: Omit<Execution, 'instanceId'>, texts: PromptText[]): Promise<void> {
    const { instanceId } = this.recovery;
    const insert = this.transaction
      .statement()
      .insert()
      .into(Execution)
      .values({ ...execution, instanceId });
    await this.texts.storeWith(scope, texts, (statements) =>
      this.transaction.pipeline(scope, [insert.getQueryAndParameters(), ...statements]),
    );
  }

  /** Stores what is known of an execution that runs; nothing where it has ended. */
  async keep(scope: Scope, id: string, known: Partial<Execution>): Promise<void> {
    const update = this.transaction
      .statement()
      .update(Execution)
      .set(known)
      .where({ teamId: scope.teamId, id, outcome: 'running' });
    await this.transaction.pipeline(scope, [update.getQueryAndParameters()]);
  }

  /** Stores how an execution ended, and that the key was used (at most once a minute). */
  async end(
    scope: Scope,
    id: string,
    ending: Partial<Execution>,
    texts: PromptText[],
    tokenId: string | undefined,
  ): Promise<void> {
    const { teamId } = scope;
    const statements: Statement[] = [
      this.transaction
        .statement()
        .update(Execution)
        .set(ending)
        .where({ teamId, id })
        .getQueryAndParameters(),
    ];
    if (tokenId) statements.push([noteUse, [teamId, tokenId, new Date()]]);
    await this.texts.storeWith(scope, texts, (more) =>
      writeWithPatience(() => this.transaction.pipeline(scope, [...statements, ...more])),
    );
  }

  find(teamId: TeamId, id: string): Promise<Execution | null> {
    return this.transaction.run({ teamId }, (manager) => manager.findOneBy(Execution, { teamId, id }));
  }

  /**
   * Newest first. Planned for the values of each call: which index reads the least depends on them, and a plan for any
   * team takes a small one for what it knows.
   */
  list(
    teamId: TeamId,
    { appId, userId, model, from, to, before, limit }: ExecutionFilter,
  ): Promise<Execution[]> {
    return this.transaction.run({ teamId }, async (manager) => {
      await manager.query('set local plan_cache_mode = force_custom_plan');
      const query = manager
        .createQueryBuilder(Execution, 'execution')
        .where('execution.teamId = :teamId', { teamId });
      if (appId !== undefined) query.andWhere('execution.appId = :appId', { appId });
      if (userId !== undefined) query.andWhere('execution.userId = :userId', { userId });
      if (model !== undefined) query.andWhere(toModelCondition(model));
      if (from !== undefined) query.andWhere('execution.createdAt >= :from', { from });
      if (to !== undefined) query.andWhere('execution.createdAt < :to', { to });
      if (before !== undefined)
        query.andWhere('(execution.createdAt, execution.id) < (:createdAt, :id)', {
          createdAt: before[0],
          id: before[1],
        });
      return query
        .orderBy('execution.createdAt', 'DESC')
        .addOrderBy('execution.id', 'DESC')
        .take(limit)
        .getMany();
    });
  }
}

function toModelCondition(model: ModelName): Partial<Execution> {
  return 'id' in model ? { modelId: model.id } : { modelRef: toModelRef(model.providerId, model.modelKey) };
}

const noteUse = `
  update ai_team_token set last_used_at = $3
   where team_id = $1 and id = $2 and (last_used_at is null or last_used_at < now() - interval '1 minute')`;
