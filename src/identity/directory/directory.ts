import { Inject, Injectable } from '@nestjs/common';
import type { Scope } from '@kdx/shared';
import { TeamCache, TeamChanges } from '../../platform/tenancy';
import { DirectoryRepository, type Membership, type Names } from './directory.repository';

/** Tells other rooms the names behind a scope's ids. From memory where possible: a new name is seen within 30 seconds. */
@Injectable()
export class Directory {
  private readonly cache: TeamCache<Names>;

  constructor(
    @Inject(DirectoryRepository) private readonly repository: DirectoryRepository,
    @Inject(TeamChanges) changes: TeamChanges,
  ) {
    this.cache = new TeamCache(changes, { maxTeams: 5_000, maxAgeMs: 30_000 });
  }

  /**
   * Whether the user is a member of the team now, or an API key of it, and the sign-in that they came by has not ended.
   * Never from memory.
   */
  async belongs(membership: Membership): Promise<boolean> {
    return (await this.listOutsiders([membership])).length === 0;
  }

  /** Those of them of whom that is not so, in one query; the very objects that were given. Never from memory. */
  listOutsiders<M extends Membership>(memberships: M[]): Promise<M[]> {
    return this.repository.listOutsiders(memberships);
  }

  /** Empty texts for a user who is no member of the team: nobody learns another team's names here. */
  async getNames({ teamId, userId }: Pick<Scope, 'teamId' | 'userId'>): Promise<Names> {
    return (
      this.cache.peek(teamId, userId) ??
      (await this.cache.get(teamId, userId, async () => {
        const names = await this.repository.find(userId, teamId);
        return names ?? { userName: '', teamName: '' };
      }))
    );
  }
}
