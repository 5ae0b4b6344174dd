import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { LOGGER, type Logger } from '../logging';
import { Database } from './database';

const everyMs = 60_000;

interface DueTable {
  table: string;
  /** Old rows take place. */
  hasDead: boolean;
  /** What the planner knows of it is old. */
  isStale: boolean;
}

/**
 * Tables that are due, by the thresholds of PostgreSQL's own autovacuum, and those with rows that were never looked at. The
 * catalog is among them, and what it stores aside (pg_toast): analysing tables rewrites it.
 * https://www.postgresql.org/docs/current/routine-vacuuming.html#AUTOVACUUM
 */
const listDue = `
  select "table", "hasDead", "isStale"
    from pg_stat_all_tables stat join pg_class on pg_class.oid = stat.relid, lateral (
      select format('%I.%I', stat.schemaname, stat.relname) as "table",
             stat.n_dead_tup > 50 + 0.2 * greatest(reltuples, 0) as "hasDead",
             stat.schemaname <> 'pg_toast' and (
               stat.n_mod_since_analyze > 50 + 0.1 * greatest(reltuples, 0)
               or stat.schemaname = 'public' and reltuples < 0 and pg_relation_size(relid) > 0) as "isStale"
    ) due
   where "hasDead" or "isStale"`;

/**
 * The embedded database has no process that vacuums. Without one, the place of old rows is never used again, and
 * statements are planned for tables that are thought to be empty for ever. Once a minute, a table at a time: each is one
 * statement, for which the others wait, and between which they run. On a server there is nothing to do.
 */
@Injectable()
export class AutoVacuum implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<string[]> | undefined;
  private isStopping = false;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    if (this.database.mode === 'server') return;
    this.timer = setInterval(() => {
      this.run().catch((error: unknown) =>
        this.logger.error({ err: error }, 'vacuuming failed; it is tried again'),
      );
    }, everyMs);
    this.timer.unref();
  }

  /** Waits for the table that is being vacuumed, and begins no other. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    this.isStopping = true;
    await this.round?.catch(() => undefined); // logged
  }

  /** Looks once, and vacuums and analyses what is due. Gives the names of those tables. One round at a time. */
  run(): Promise<string[]> {
    return (this.round ??= this.vacuumDue().finally(() => {
      this.round = undefined;
    }));
  }

  private async vacuumDue(): Promise<string[]> {
    const { pool } = this.database;
    await pool.query('select pg_stat_force_next_flush()'); // what was counted is else seen when its session rests
    const { rows } = await pool.query<DueTable>(listDue);
    for (const { table, hasDead, isStale } of rows) {
      if (this.isStopping) break;
      const what = hasDead ? `vacuum ${isStale ? '(analyze)' : ''}` : 'analyze';
      await pool.query(`${what} ${table}`);
    }
    return rows.map(({ table }) => table);
  }
}
