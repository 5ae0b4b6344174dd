import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { isUuid, toTeamId, type TeamId } from '@kdx/shared';
import { Database, TeamTransaction, type TransactionScope, type TransactionWork } from '../database';

const channel = 'ai_studio_team_changes';

type Listener = (teamId: TeamId | undefined) => void;

/**
 * Tells every process that a team's configuration changed: this one as soon as the change is committed, the others by
 * `NOTIFY`. Listeners drop what they remember of that team, or of all teams where `teamId` is `undefined`.
 */
@Injectable()
export class TeamChanges implements OnModuleInit {
  private readonly listeners = new Set<Listener>();

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(TeamTransaction) private readonly transaction: TeamTransaction,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.database.session.listen(channel, (payload) =>
      this.tell(isUuid(payload) ? toTeamId(payload) : undefined),
    );
  }

  subscribe(listener: Listener): void {
    this.listeners.add(listener);
  }

  /** Runs a change of a team's configuration in one transaction and tells everybody once it is committed. */
  async commit<T>(scope: TransactionScope, work: TransactionWork<T>): Promise<T> {
    const result = await this.transaction.run(scope, async (manager) => {
      const done = await work(manager);
      if (this.database.mode === 'server')
        await manager.query('select pg_notify($1, $2)', [channel, scope.teamId]);
      return done;
    });
    this.tell(scope.teamId);
    return result;
  }

  /** A change of global tables, already committed: every team may be concerned. */
  async announceForAllTeams(): Promise<void> {
    this.tell(undefined);
    if (this.database.mode === 'server')
      await this.database.pool.query('select pg_notify($1, $2)', [channel, '']);
  }

  private tell(teamId: TeamId | undefined): void {
    for (const listener of this.listeners) listener(teamId);
  }
}
