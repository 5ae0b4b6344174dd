import { Inject, Injectable } from '@nestjs/common';
import type { TeamId } from '@kdx/shared';
import { TeamTransaction } from '../../platform/database';
import { TeamKey } from './team-key.entity';

@Injectable()
export class TeamKeyRepository {
  constructor(@Inject(TeamTransaction) private readonly transaction: TeamTransaction) {}

  find(teamId: TeamId, id: string): Promise<TeamKey | null> {
    return this.transaction.run({ teamId }, (manager) => manager.findOneBy(TeamKey, { teamId, id }));
  }

  /** The key that seals: the newest. */
  findNewest(teamId: TeamId): Promise<TeamKey | null> {
    return this.transaction.run({ teamId }, (manager) =>
      manager.findOne(TeamKey, { where: { teamId }, order: { createdAt: 'DESC', id: 'DESC' } }),
    );
  }

  async insert(key: TeamKey & { teamId: TeamId }): Promise<void> {
    await this.transaction.run({ teamId: key.teamId }, (manager) => manager.insert(TeamKey, key));
  }
}
