import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { ENV, type Env } from '../env';
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
