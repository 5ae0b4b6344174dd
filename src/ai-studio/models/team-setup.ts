import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { v7 as uuidv7 } from 'uuid';
import type { TeamId } from '@kdx/shared';
import { TeamTransaction } from '../../platform/database';
import { ENV, type Env } from '../../platform/env';
import { Model } from './model.entity';
import { AiTeam, TeamModel } from './team-model.entities';

/**
 * Gives a team what it starts with, once: the sandbox, enabled and default, so that it can chat before it has a key.
 * Done when a team is first seen here, so that no team is missed whichever way it came to be.
 */
@Injectable()
export class TeamSetup {
  private readonly done = new LRUCache<TeamId, true>({ max: 50_000 });

  constructor(
    @Inject(TeamTransaction) private readonly transaction: TeamTransaction,
    @Inject(ENV) private readonly env: Env,
  ) {}

  async ensure(teamId: TeamId): Promise<void> {
    if (this.done.has(teamId)) return;
    const now = new Date();
    await this.transaction.run({ teamId }, async (manager) => {
      const result = await manager
        .createQueryBuilder()
        .insert()
        .into(AiTeam)
        .values({ teamId, createdAt: now })
        .orIgnore()
        .returning('team_id')
        .execute();
      const rows: unknown = result.raw;
      const isNew = Array.isArray(rows) && rows.length === 1;
      const sandbox =
        isNew && this.env.sandboxEnabled
          ? await manager.findOneBy(Model, { providerId: 'sandbox', modelKey: 'echo' })
          : null;
      if (!sandbox) return;
      await manager.insert(TeamModel, {
        teamId,
        id: uuidv7(),
        modelId: sandbox.id,
        teamProviderModelId: null,
        enabled: true,
        isDefault: true,
        priority: 0,
        settings: {},
        createdAt: now,
        updatedAt: now,
      });
    });
    this.done.set(teamId, true);
  }
}
