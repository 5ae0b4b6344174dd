import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { isUuid, toTeamId, type TeamId } from '@kdx/shared';
import { AuditLog, type AuditOrigin, type Changed } from '../audit';
import { Database, TeamTransaction, type TransactionManager, type TransactionScope } from '../database';

const channel = 'ai_studio_team_changes';

type Listener = (teamId: TeamId | undefined) => void;

/** For which team something changes, and by whom. A `Scope` is one. */
export type ChangeScope = TransactionScope & AuditOrigin;

/** What runs inside a change; it says what it did: `changed(result, difference(…))`, or `unchanged(result)`. */
export type ChangeWork<T> = (manager: TransactionManager) => Promise<Changed<T>>;

/**
 * Records every change of a team's configuration in its audit log, in the transaction that makes it, and tells every
 * process: this one as soon as the change is committed, the others by `NOTIFY`. Listeners drop what they remember of
 * that team, or of all teams where `teamId` is `undefined`.
 */
@Injectable()
export class TeamChanges implements OnModuleInit {
  private readonly listeners = new Set<Listener>();

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(TeamTransaction) private readonly transaction: TeamTransaction,
    @Inject(AuditLog) private readonly audit: AuditLog,
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
   * Runs a change of a team's configuration in one transaction with its events, and tells everybody once it is
   * committed. Where there are no events, nothing changed and nobody is told.
   */
  async commit<T>(scope: ChangeScope, work: ChangeWork<T>): Promise<T> {
    const { teamId } = scope;
    const { result, link } = await this.transaction.run(scope, async (manager) => {
      const done = await work(manager);
      const end = await this.audit.append(teamId, manager, scope, done.events);
      if (end && this.database.mode === 'server')
        await manager.query('select pg_notify($1, $2)', [channel, teamId]);
      return { result: done.result, link: end };
    });
    if (!link) return result;
    this.audit.committed(link);
    this.tell(teamId);
    return result;
  }

  /** A change of global tables, already committed: every team may be concerned. */
  async announceForAllTeams(): Promise<void> {
    this.tell(undefined);
    if (this.database.mode === 'server')
      await this.database.pool.query('select pg_notify($1, $2)', [channel, '']);
  }

  /** Tells the listeners of this process. */
  tell(teamId: TeamId | undefined): void {
    for (const listener of this.listeners) listener(teamId);
  }
}
