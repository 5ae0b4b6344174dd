import { type DynamicModule, Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Pool } from 'pg';
import type { EmbeddedDatabase } from '../embedded-database';
import { ENV, type Env, type ToolEnv } from '../env';
import { Metrics } from '../metrics';
import { AutoVacuum } from './auto-vacuum';
import { Database } from './database';
import { Housekeeping } from './housekeeping';
import { LiveServers } from './live-servers';
import { Recovery } from './recovery';
import { AcrossTeams, MaintenanceTransaction, PlatformTransaction, TeamTransaction } from './transactions';

/** The open database and the ways into it. The writing way across teams is for recovery and housekeeping alone. */
@Global()
@Module({
  providers: [
    TeamTransaction,
    PlatformTransaction,
    MaintenanceTransaction,
    AcrossTeams,
    LiveServers,
    Recovery,
    Housekeeping,
    AutoVacuum,
  ],
  exports: [Database, LiveServers, Recovery, Housekeeping, TeamTransaction, PlatformTransaction, AcrossTeams],
})
export class DatabaseModule implements OnApplicationShutdown {
  /** `opening`: see `Database.open`. */
  static register(opening?: Promise<EmbeddedDatabase>): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        { provide: Database, useFactory: (env: Env) => Database.open(env, opening), inject: [ENV] },
      ],
    };
  }

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Metrics) metrics: Metrics,
  ) {
    const gauge = (name: string, help: string, read: (pool: Pool) => number) =>
      metrics.gauge(`ai_studio_database_${name}`, help, () => read(database.pool));
    gauge('connections', 'Connections to the database that are open.', ({ totalCount }) => totalCount);
    gauge('connections_idle', 'Those of them that nobody uses.', ({ idleCount }) => idleCount);
    gauge('connections_max', 'The most that are opened.', ({ options }) => options.max);
    gauge('waiting', 'Statements and transactions that wait for one.', ({ waitingCount }) => waitingCount);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.database.close();
  }
}

/** The same for a command of the terminal: see `Database.openAsItIs`. Nothing is recovered, since it is no replica. */
@Global()
@Module({})
export class ToolDatabaseModule implements OnApplicationShutdown {
  constructor(@Inject(Database) private readonly database: Database) {}

  static register(access: 'read' | 'write'): DynamicModule {
    const ways = [TeamTransaction, PlatformTransaction, AcrossTeams, LiveServers];
    return {
      module: ToolDatabaseModule,
      providers: [
        { provide: Database, useFactory: (env: ToolEnv) => Database.openAsItIs(env, access), inject: [ENV] },
        ...ways,
      ],
      exports: [Database, ...ways],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.database.close();
  }
}
