import { Database } from './platform/database';
import { EnvError, loadEnv, type Env } from './platform/env';
import { createLogger } from './platform/logging';
import { Lifecycle } from './platform/lifecycle';
import { createApp } from './app';
import { findFreePort } from './free-port';
import { firstSteps } from './first-steps';

/** Starts, listens, and on SIGTERM or SIGINT drains and stops. Ends the process with 1 where it cannot start. */
export async function startServer(): Promise<void> {
  let env: Env;
  try {
    env = await withPort(loadEnv());
  } catch (error) {
    fail(error);
    return;
  }
  const logger = createLogger(env);
  try {
    const app = await createApp(env, logger);
    await app.listen(env.port, env.host);
    process.stdout.write(firstSteps(env, await hasNoAccount(app.get(Database))));
    const stop = (signal: NodeJS.Signals | 'disconnect') => {
      const lifecycle = app.get(Lifecycle);
      if (lifecycle.isStopping) return;
      lifecycle.startStopping();
      logger.info({ signal }, 'stopping: no new work, running answers are finished');
      app.close().then(
        () => process.exit(0),
        (error: unknown) => {
          logger.error({ err: error }, 'the stop failed');
          process.exit(1);
        },
      );
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    // Started by a parent that vanished without a word: do not live on and hold the data directory.
    process.on('disconnect', () => stop('disconnect'));
    process.on('unhandledRejection', (error) => logger.error({ err: error }, 'a promise failed unheard'));
  } catch (error) {
    fail(error);
  }
}

async function hasNoAccount(database: Database): Promise<boolean> {
  const { rowCount } = await database.pool.query('select from auth_user limit 1');
  return rowCount === 0;
}

/** `PORT=0`: the port is chosen before the application is built, which needs its own address. */
async function withPort(env: Env): Promise<Env> {
  const port = env.port === 0 ? await findFreePort(env.host) : env.port;
  const host = ['0.0.0.0', '::'].includes(env.host) ? 'localhost' : env.host;
  return {
    ...env,
    port,
    publicUrl: env.publicUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
  };
}

function fail(error: unknown): void {
  const text =
    error instanceof EnvError
      ? error.message
      : error instanceof Error
        ? `${error.name}: ${error.message}`
        : String(error);
  process.stderr.write(`\nAI Studio did not start.\n${text}\n`);
  process.exit(1);
}
