import { Inject, Injectable } from '@nestjs/common';
import { AuditLog, instanceChain, type AuditOrigin } from '../audit';
import { PlatformTransaction } from '../database';
import { TeamChanges, type ChangeWork } from './team-changes';

/** Changes of global tables (providers, catalogue), recorded in the audit log of the instance as `TeamChanges` does in a team's. */
@Injectable()
export class PlatformChanges {
  constructor(
    @Inject(PlatformTransaction) private readonly transaction: PlatformTransaction,
    @Inject(AuditLog) private readonly audit: AuditLog,
    @Inject(TeamChanges) private readonly changes: TeamChanges,
  ) {}

  /** Runs a change in one transaction with its events, and tells every process, for all teams. No events: nobody is told. */
  async commit<T>(origin: AuditOrigin, work: ChangeWork<T>): Promise<T> {
    const { result, isRecorded } = await this.run(origin, work);
    if (isRecorded) await this.changes.announceForAllTeams();
    return result;
  }

  /** The same for what concerns no team: nobody is told. */
  async note<T>(origin: AuditOrigin, work: ChangeWork<T>): Promise<T> {
    return (await this.run(origin, work)).result;
  }

  private async run<T>(
    origin: AuditOrigin,
    work: ChangeWork<T>,
  ): Promise<{ result: T; isRecorded: boolean }> {
    const { result, link } = await this.transaction.run(async (manager) => {
      const done = await work(manager);
      return {
        result: done.result,
        link: await this.audit.append(instanceChain, manager, origin, done.events),
      };
    });
    this.audit.committed(link);
    return { result, isRecorded: link !== undefined };
  }
}
