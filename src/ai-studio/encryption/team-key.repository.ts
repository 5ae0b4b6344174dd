import { Inject, Injectable } from '@nestjs/common';
import type { TeamId } from '@kdx/shared';
import { changed, difference, unchanged, type AuditTarget } from '../../platform/audit';
import { TeamTransaction } from '../../platform/database';
import { TeamChanges } from '../../platform/tenancy';
import type { KekVersion, WrappedKey } from './kek-provider';
import { TeamKey } from './team-key.entity';

type NewTeamKey = TeamKey & { teamId: TeamId };

@Injectable()
export class TeamKeyRepository {
  constructor(
    @Inject(TeamTransaction) private readonly transaction: TeamTransaction,
    @Inject(TeamChanges) private readonly changes: TeamChanges,
  ) {}

  find(teamId: TeamId, id: string): Promise<TeamKey | null> {
    return this.transaction.run({ teamId }, (manager) => manager.findOneBy(TeamKey, { teamId, id }));
  }

  /** The key that seals: the newest. */
  findNewest(teamId: TeamId): Promise<TeamKey | null> {
    return this.transaction.run({ teamId }, (manager) =>
      manager.findOne(TeamKey, { where: { teamId }, order: { createdAt: 'DESC', id: 'DESC' } }),
    );
  }

  /** The first of a team: part of storing its first secret. */
  async insert(key: NewTeamKey): Promise<void> {
    await this.transaction.run({ teamId: key.teamId }, (manager) => manager.insert(TeamKey, key));
  }

  /** One more of a team, which seals from now on. Recorded in its audit log. */
  async renew(key: NewTeamKey): Promise<void> {
    await this.changes.commit({ teamId: key.teamId, system: 'terminal' }, async (manager) => {
      await manager.insert(TeamKey, key);
      return changed(undefined, difference('dataKeys.renew', toTarget(key.id), null, told(key)));
    });
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

  /**
   * Removes one that nothing is under any more (`remove`), or that nobody can open any more (`abandon`). Recorded in the
   * team's audit log. False where it is gone already.
   */
  async delete(teamId: TeamId, id: string, verb: 'remove' | 'abandon'): Promise<boolean> {
    return this.changes.commit({ teamId, system: 'terminal' }, async (manager) => {
      const stored = await manager.findOne(TeamKey, {
        where: { teamId, id },
        lock: { mode: 'pessimistic_write' },
      });
      if (!stored) return unchanged(false);
      await manager.delete(TeamKey, { teamId, id });
      return changed(true, difference(`dataKeys.${verb}`, toTarget(id), told(stored), null));
    });
  }

  /** The newest first. */
  list(teamId: TeamId): Promise<TeamKey[]> {
    return this.transaction.run({ teamId }, (manager) =>
      manager.find(TeamKey, { where: { teamId }, order: { createdAt: 'DESC', id: 'DESC' } }),
    );
  }
}

function toTarget(id: string): AuditTarget {
  return { type: 'dataKey', id };
}

/** What the audit log may have the fingerprint of. */
function told({ kekId, kekVersion }: KekVersion): object {
  return { kekId, kekVersion };
}
