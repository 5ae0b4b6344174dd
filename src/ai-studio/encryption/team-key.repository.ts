import { Inject, Injectable } from '@nestjs/common';
import type { TeamId } from '@kdx/shared';
import { TeamTransaction } from '../../platform/database';
import type { WrappedKey } from './kek-provider';
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

  /**
   * Puts another wrapping of the same data key in the place of `from`, and only of that. False where somebody was faster
   * or the team is gone.
   */
  async rewrap(teamId: TeamId, id: string, from: Buffer, to: WrappedKey): Promise<boolean> {
    const { affected } = await this.transaction.run({ teamId }, (manager) =>
      manager.update(TeamKey, { teamId, id, wrapped: from }, to),
    );
    return affected === 1;
  }

  /** Removes one that nothing is under any more, or that nobody can open any more. */
  async delete(teamId: TeamId, id: string): Promise<boolean> {
    const { affected } = await this.transaction.run({ teamId }, (manager) =>
      manager.delete(TeamKey, { teamId, id }),
    );
    return affected === 1;
  }

  /** The newest first. */
  list(teamId: TeamId): Promise<TeamKey[]> {
    return this.transaction.run({ teamId }, (manager) =>
      manager.find(TeamKey, { where: { teamId }, order: { createdAt: 'DESC', id: 'DESC' } }),
    );
  }
}
