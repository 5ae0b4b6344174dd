import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ClientBase, Pool, type PoolClient, type PoolConfig, types } from 'pg';
import { DataSource, type DataSourceOptions, getMetadataArgsStorage } from 'typeorm';
import type { Env } from '../env';
import { type EmbeddedDatabase, startEmbeddedDatabase } from '../embedded-database';
import { AppError } from '../errors';
import { migrations } from '../../migrations';
import { cannotConnect } from './cannot-connect';
import { migrate } from './migrate';
import { PreparingClient } from './preparing-client';
import { assertCurrentSchema } from './schema-state';
import { setSearchPath } from './search-path';
import { ServerSession } from './server-session';
import { limitTimes } from './time-limits';

/** Which database is behind the data source. Both are PostgreSQL; the embedded one has one session and one process. */
export type DatabaseMode = 'embedded' | 'server';

/** Where the database is. */
export type DatabaseEnv = Pick<Env, 'databaseUrl' | 'dataDir'>;

// int8 as number where it is exact; money and counters stay below 2^53 nano-USD (9 million USD) or are read as text.
types.setTypeParser(types.builtins.INT8, (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError('A 64-bit integer of the database exceeds 2^53.');
  return value;
});

/** The open database of this process: TypeORM's data source and the `pg` pool under it. */
export class Database {
  private constructor(
    readonly mode: DatabaseMode,
    readonly dataSource: DataSource,
    readonly session: ServerSession,
    private readonly embedded: EmbeddedDatabase | undefined,
  ) {}

  /**
   * Connects (opening the embedded database first if there is no `DATABASE_URL`) and migrates under a lock.
   * @param opening the embedded database, where it is being opened already; it is closed with this one
   */
  static async open(env: DatabaseEnv, opening?: Promise<EmbeddedDatabase>): Promise<Database> {
    return Database.connect(env, opening, undefined, async (database) => {
      await migrate(database.dataSource, env.databaseUrl?.reveal());
      await database.session.open();
    });
  }

  /**
   * Connects for a command of the terminal, beside servers: migrates nothing, makes no database, and is no replica. Throws
   * `CONFLICT` where the schema is not the one of this version, `NOT_FOUND` where there is no database.
   * @param access `read`: the database itself refuses every change
   */
  static async openAsItIs(env: DatabaseEnv, access: 'read' | 'write'): Promise<Database> {
    if (!env.databaseUrl) assertIsThere(env.dataDir);
    return Database.connect(env, undefined, access === 'read' ? readOnly : undefined, (database) =>
      assertCurrentSchema(database.pool),
    );
  }

  private static async connect(
    env: DatabaseEnv,
    opening: Promise<EmbeddedDatabase> | undefined,
    sessionSettings: string | undefined,
    prepare: (database: Database) => Promise<void>,
  ): Promise<Database> {
    const serverUrl = env.databaseUrl?.reveal();
    const embedded = serverUrl ? undefined : await (opening ?? startEmbeddedDatabase(env.dataDir));
    const { onConnect, ...connection } = embedded?.connection ?? {
      connectionString: serverUrl,
      onConnect: prepareConnection,
    };
    const dataSource = new DataSource(
      dataSourceOptions({
        ...connection,
        onConnect: async (client) => {
          await onConnect?.(client);
          if (sessionSettings) await client.query(sessionSettings);
        },
      }),
    );
    const mode = embedded ? 'embedded' : 'server';
    const database = new Database(mode, dataSource, new ServerSession(serverUrl), embedded);
    try {
      await (embedded ? dataSource.initialize() : dataSource.initialize().catch(cannotConnect));
      await prepare(database);
      return database;
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /** The pool that TypeORM uses. For libraries that bring their own queries; rooms use transactions. */
  get pool(): Pool {
    const driver: { master?: unknown } = this.dataSource.driver as object; // TypeORM's driver type hides the pool that its PostgreSQL driver has
    if (!(driver.master instanceof Pool)) throw new Error('The data source is not connected.');
    return driver.master;
  }

  /** A connection of the pool. Release it, whatever happens. */
  connect(): Promise<PreparingClient & PoolClient> {
    return this.pool.connect() as Promise<PreparingClient & PoolClient>; // the pool's `Client` option says so
  }

  async close(): Promise<void> {
    await this.session.close();
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
    await this.embedded?.stop();
  }
}

const readOnly = 'set default_transaction_read_only = on';

function assertIsThere(dataDir: string): void {
  if (!existsSync(join(dataDir, 'database')))
    throw new AppError(
      'NOT_FOUND',
      `There is no database in ${dataDir}. Set DATA_DIR or DATABASE_URL as the server has it.`,
    );
}

/** Of a connection that is lost while it is lent out, the query that needs it hears; unheard it would end the process. */
function prepareConnection(client: ClientBase): Promise<void> {
  client.on('error', () => undefined);
  return limitTimes(client);
}

/** Options of the one data source. An entity is known once its room is imported: its decorator registers it. */
export function dataSourceOptions(connection: PoolConfig): DataSourceOptions {
  const {
    connectionString,
    host,
    port,
    user,
    database,
    max = 16,
    connectionTimeoutMillis = 10_000,
    onConnect,
  } = connection;
  return {
    type: 'postgres',
    ...(connectionString
      ? { url: connectionString }
      : { host, port, username: user, database: database ?? 'postgres' }),
    entities: getMetadataArgsStorage().tables.map(({ target }) => target),
    migrations,
    migrationsTableName: 'schema_migration',
    migrationsTransactionMode: 'each',
    synchronize: false,
    installExtensions: false,
    logging: false,
    applicationName: 'ai-studio',
    extra: {
      Client: PreparingClient,
      pipeline: true,
      max,
      idleTimeoutMillis: 30_000,
      connectionTimeoutMillis,
      onConnect: async (client: ClientBase) => {
        await onConnect?.(client);
        await setSearchPath(client);
      },
    },
  };
}
