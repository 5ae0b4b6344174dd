import { type DynamicModule, Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { ENV, type Env, type ToolEnv } from '../env';
import { Database } from './database';
import { Recovery } from './recovery';
import { AcrossTeams, MaintenanceTransaction, PlatformTransaction, TeamTransaction } from './transactions';

/** The open database and the ways into it. The writing way across teams is for recovery alone. */
@Global()
@Module({
  providers: [
    { provide: Database, useFactory: (env: Env) => Database.open(env), inject: [ENV] },
    TeamTransaction,
    PlatformTransaction,
    MaintenanceTransaction,
    AcrossTeams,
    Recovery,
  ],
  exports: [Database, Recovery, TeamTransaction, PlatformTransaction, AcrossTeams],
})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(@Inject(Database) private readonly database: Database) {}

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
    const ways = [TeamTransaction, PlatformTransaction, AcrossTeams];
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
