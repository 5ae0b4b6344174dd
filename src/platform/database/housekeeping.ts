import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { LOGGER, type Logger } from '../logging';
import { MaintenanceTransaction } from './transactions';

const everyMs = 60_000;
/** Batches of one kind in one round: what is left then waits for the next. */
const maxBatches = 100;
/** Names the lock that lets one process at a time clean up. */
const lock = 'housekeeping';

/** Deletes what is kept for a time only, once a minute, in small batches; of several replicas one at a time. */
@Injectable()
export class Housekeeping implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly statements = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(MaintenanceTransaction) private readonly transaction: MaintenanceTransaction,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * @param name what is deleted, for the log
   * @param statement one DELETE of a bounded number of rows that the maintenance role may run; run again while it finds some
   */
  register(name: string, statement: string): void {
    this.statements.set(name, statement);
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.run().catch((error: unknown) =>
        this.logger.error({ err: error }, 'housekeeping failed; it is tried again'),
      );
    }, everyMs);
    this.timer.unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** One round of all. */
  async run(): Promise<void> {
    for (const [name, statement] of this.statements) {
      let count = 0;
      for (let batch = 0; batch < maxBatches; batch += 1) {
        const deleted = await this.runBatch(statement);
        if (deleted === 0) break;
        count += deleted;
      }
      if (count > 0) this.logger.info({ deleted: name, count }, 'housekeeping');
    }
  }

  private runBatch(statement: string): Promise<number> {
    return this.transaction.run(async (manager) => {
      const [{ isOurs } = { isOurs: false }] = await manager.query<{ isOurs: boolean }[]>(
        'select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as "isOurs"',
        [lock],
      );
      if (!isOurs) return 0;
      const result: [unknown, number] = await manager.query(statement);
      return result[1];
    });
  }
}
