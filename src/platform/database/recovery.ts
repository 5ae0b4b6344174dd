import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { LOGGER, type Logger } from '../logging';
import { Database } from './database';
import { MaintenanceTransaction } from './transactions';

const sweepMs = 15_000;
/** Who is gone has to be gone for so long: a process that is cut off from the database comes back within a second or two. */
const secondLookMs = 5_000;

interface Step {
  statement: string;
  settle: (() => Promise<void>) | undefined;
}

/**
 * Ends work that a vanished process left unfinished: at start, and on a server, where replicas may die while others
 * live, every 15 seconds. Rooms register one update each.
 */
@Injectable()
export class Recovery implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly steps = new Map<string, Step>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(MaintenanceTransaction) private readonly transaction: MaintenanceTransaction,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * @param name what is recovered, for the log
   * @param statement gets an SQL condition on the column `instance_id` that holds where that process is gone; answers
   *   one UPDATE that the maintenance role may run
   * @param settle what is to be done after it each time, for what its statement ended now or another process did before
   */
  register(name: string, statement: (isGone: string) => string, settle?: () => Promise<void>): void {
    this.steps.set(name, { statement: statement(this.isGone), settle });
  }

  /** SQL condition on the column `instance_id` that holds where that process is gone. */
  get isGone(): string {
    return this.database.session.isGone('instance_id');
  }

  /** This process, as the column `instance_id` of unfinished work names it. */
  get instanceId(): number {
    return this.database.session.instanceId;
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.run();
    if (this.database.mode === 'embedded') return;
    this.timer = setInterval(() => {
      this.sweep().catch((error: unknown) =>
        this.logger.error({ err: error }, 'recovery failed; it is tried again'),
      );
    }, sweepMs);
    this.timer.unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Ends what processes left that were gone at a first look, and still are. */
  async sweep(): Promise<void> {
    const { session } = this.database;
    if (!session.isHeld) return;
    const alive = await this.transaction.run(async (manager) => {
      const rows: { ids: string }[] = await manager.query(session.listAlive);
      return rows[0]?.ids;
    });
    await new Promise((resolve) => setTimeout(resolve, secondLookMs).unref());
    if (session.isHeld) await this.run(alive);
  }

  /** Ends what vanished processes left, once. `alive` are those that lived a while ago, as an array of PostgreSQL. */
  async run(alive = '{}'): Promise<void> {
    for (const [name, { statement, settle }] of this.steps) {
      const count = await this.transaction.run(async (manager) => {
        await manager.query(`select set_config('app.alive', $1, true)`, [alive]);
        const result: [unknown, number] = await manager.query(statement);
        return result[1];
      });
      if (count > 0)
        this.logger.warn({ recovered: name, count }, 'unfinished work of a vanished process was ended');
      await settle?.();
    }
  }
}
