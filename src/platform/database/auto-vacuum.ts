import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { LOGGER, type Logger } from '../logging';
import { Database } from './database';

const everyMs = 60_000;

/**
 * Tables that are due by the rule and the defaults of PostgreSQL's own autovacuum, and those with rows that were never looked at:
 * https://www.postgresql.org/docs/current/routine-vacuuming.html#AUTOVACUUM
 */
const listDue = `
  select format('%I.%I', stat.schemaname, stat.relname) as "table"
    from pg_stat_user_tables stat join pg_class on pg_class.oid = stat.relid
   where stat.n_dead_tup > 50 + 0.2 * greatest(reltuples, 0)
      or stat.n_mod_since_analyze > 50 + 0.1 * greatest(reltuples, 0)
      or reltuples < 0 and pg_relation_size(relid) > 0`;

/**
 * The embedded database has no process that vacuums. Without one, the place of old rows is never used again, and
 * statements are planned for tables that are thought to be empty for ever. Once a minute, a table at a time: each is one
 * statement, between which others run. On a server there is nothing to do.
 */
@Injectable()
export class AutoVacuum implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;

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

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Looks once, and vacuums and analyses what is due. Gives the names of those tables. */
  async run(): Promise<string[]> {
    const { pool } = this.database;
    await pool.query('select pg_stat_force_next_flush()'); // what was counted is else seen when its session rests
    const { rows } = await pool.query<{ table: string }>(listDue);
    for (const { table } of rows) await pool.query(`vacuum (analyze) ${table}`);
    return rows.map(({ table }) => table);
  }
}
