import { DataSource } from 'typeorm';
import { dataSourceOptions } from './src/platform/database';
import { loadEnv } from './src/platform/env';

/** For TypeORM's command line against PostgreSQL, for example `npx typeorm migration:show -d dist/ormconfig.js`. */
export default new DataSource(dataSourceOptions({ connectionString: loadEnv().databaseUrl?.reveal() }));
