import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { TeamId } from '@kdx/shared';
import { TeamTransaction } from '../../platform/database';
import { Model } from './model.entity';
import { AiTeam, TeamModel } from './team-model.entities';

@Injectable()
export class TeamSetupRepository {
  constructor(@Inject(TeamTransaction) private readonly transaction: TeamTransaction) {}

  /** Notes that the team is set up and, where `startsWith` names a model and it was not, makes that its default. */
  async ensure(
    teamId: TeamId,
    startsWith: Pick<Model, 'providerId' | 'modelKey'> | undefined,
  ): Promise<void> {
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
      const model = isNew && startsWith ? await manager.findOneBy(Model, startsWith) : null;
      if (!model) return;
      await manager.insert(TeamModel, {
        teamId,
        id: uuidv7(),
        modelId: model.id,
        teamProviderModelId: null,
        enabled: true,
        isDefault: true,
        priority: 0,
        settings: {},
        createdAt: now,
        updatedAt: now,
      });
    });
  }
}
