export { Database, dataSourceOptions } from './database';
export { DatabaseModule, ToolDatabaseModule } from './database.module';
export { Housekeeping } from './housekeeping';
export { LiveServers } from './live-servers';
export { writeWithPatience } from './patience';
export { Recovery } from './recovery';
export {
  AcrossTeams,
  PlatformTransaction,
  TeamTransaction,
  type Statement,
  type TransactionManager,
  type TransactionScope,
  type TransactionWork,
} from './transactions';
