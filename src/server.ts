import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Database } from './platform/database';
import { EnvError, loadEnv, type Env } from './platform/env';
import { createLogger, type Logger } from './platform/logging';
import { Lifecycle } from './platform/lifecycle';
import { createApp } from './app';
import { findFreePort } from './free-port';
import { firstSteps } from './first-steps';
import type { StopReason, StopRequest } from './stop-request';

/** Starts, listens, and when it is asked to stop drains and stops. Ends the process with 1 where it cannot start. */
export async function startServer(stopRequest: StopRequest): Promise<void> {
  let env: Env;
  try {
    env = await withPort(loadEnv());
  } catch (error) {
    fail(error);
    return;
  }
  const logger = createLogger(env);
  process.on('unhandledRejection', (error) => logger.error({ err: error }, 'a promise failed unheard'));
  try {
    if (stopRequest.isMade) process.exit(0); // before anything is opened
    const app = await createApp(env, logger);
    if (!stopRequest.isMade) {
      await listen(app, env);
      process.stdout.write(firstSteps(env, await hasNoAccount(app.get(Database))));
    }
    stopRequest.onceMade((reason) => stop(app, logger, reason));
  } catch (error) {
    fail(error);
  }
}

function stop(app: NestFastifyApplication, logger: Logger, reason: StopReason): void {
  app.get(Lifecycle).startStopping();
  logger.info({ signal: reason }, 'stopping: no new work, running answers are finished');
  app.close().then(
    () => process.exit(0),
    (error: unknown) => {
      logger.error({ err: error }, 'the stop failed');
      process.exit(1);
    },
  );
}

/** Where it cannot listen, it closes the application first: the data directory must not stay locked. */
async function listen(app: NestFastifyApplication, { host, port }: Env): Promise<void> {
  try {
    await explained(app.listen(port, host));
  } catch (error) {
    await app.close().catch(() => undefined); // the first error is the one to report
    throw error;
  }
}

/** What the operating system says of an address where nobody can listen, and which variable changes it. */
const obstacles: Record<string, string> = {
  EADDRINUSE: 'PORT: something else listens there. Stop it, or choose another (0 picks a free one).',
  EACCES: 'PORT: this user may not listen there. Choose one above 1023 (0 picks a free one).',
  EADDRNOTAVAIL: 'HOST: this machine has no such address. 127.0.0.1 is itself, 0.0.0.0 all that it has.',
  EAFNOSUPPORT: 'HOST: this machine has no addresses of this kind. 127.0.0.1 is itself.',
  EINVAL: 'HOST: nobody can listen on this address. 127.0.0.1 is this machine, 0.0.0.0 all that it has.',
  ENOTFOUND: 'HOST: no address is known by this name. 127.0.0.1 is this machine, 0.0.0.0 all that it has.',
  EAI_AGAIN: 'HOST: nobody can be asked for this name. 127.0.0.1 is this machine, 0.0.0.0 all that it has.',
};

async function explained<T>(listening: Promise<T>): Promise<T> {
  try {
    return await listening;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw obstacles[code] ? new EnvError([obstacles[code]]) : error;
  }
}

async function hasNoAccount(database: Database): Promise<boolean> {
  const { rowCount } = await database.pool.query(`select from auth_user where kind = 'person' limit 1`);
  return rowCount === 0;
}

/** `PORT=0`: the port is chosen before the application is built, which needs its own address. */
async function withPort(env: Env): Promise<Env> {
  const port = env.port || (await explained(findFreePort(env.host)));
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
