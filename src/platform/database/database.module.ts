import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { ENV, type Env } from '../env';
import { Database } from './database';
import { Recovery } from './recovery';
import { MaintenanceTransaction, PlatformTransaction, TeamTransaction } from './transactions';

const transactions = [TeamTransaction, PlatformTransaction, MaintenanceTransaction];

/** The open database and the three ways into it. */
@Global()
@Module({
  providers: [
    { provide: Database, useFactory: (env: Env) => Database.open(env), inject: [ENV] },
    ...transactions,
    Recovery,
  ],
  exports: [Database, Recovery, ...transactions],
})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(@Inject(Database) private readonly database: Database) {}

  async onApplicationShutdown(): Promise<void> {
    await this.database.close();
  }
}
