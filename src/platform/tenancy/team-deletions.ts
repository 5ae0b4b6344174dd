import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { isUuid, toTeamId, type TeamId } from '@kdx/shared';
import { Database } from '../database';
import { TeamChanges } from './team-changes';

/** A trigger on `team` notifies it, in the transaction that deletes: nothing that deletes a team can forget to. */
const channel = 'ai_studio_team_deletions';

type Listener = (teamId: TeamId | undefined) => void;

/**
 * Tells every process that a team is gone from the database. What must not outlive it in memory, such as its opened keys,
 * is dropped by those who subscribe here: of that team, or of all teams (`undefined`) where news may have been missed.
 */
@Injectable()
export class TeamDeletions implements OnModuleInit {
  private readonly listeners = new Set<Listener>();

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(TeamChanges) private readonly changes: TeamChanges,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.database.session.listen(channel, (payload) =>
      this.tell(isUuid(payload) ? toTeamId(payload) : undefined),
    );
  }

  subscribe(listener: Listener): void {
    this.listeners.add(listener);
  }

  /**
   * Tells this process, once the deletion is committed: at once, and on the embedded database the only way. It is the last
   * change of the team, too.
   */
  tell(teamId: TeamId | undefined): void {
    this.changes.tell(teamId);
    for (const listener of this.listeners) listener(teamId);
  }
}
