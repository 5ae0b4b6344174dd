import { startEmbeddedDatabase } from './platform/embedded-database';
import { EnvError, loadEnv, type Env } from './platform/env';
import { createLogger } from './platform/logging';
import { explained } from './cannot-listen';
import { findFreePort } from './free-port';
import type { StopRequest } from './stop-request';

/**
 * Starts, listens, and when it is asked to stop drains and stops. Ends the process with 1 where it cannot start. The
 * embedded database opens while the application's code is loaded: each takes about a second, of one core.
 */
export async function startServer(stopRequest: StopRequest): Promise<void> {
  try {
    const env = await withPort(loadEnv());
    const logger = createLogger(env);
    process.on('unhandledRejection', (error) => logger.error({ err: error }, 'a promise failed unheard'));
    if (stopRequest.isMade) process.exit(0); // before anything is opened
    const embeddedDatabase = env.databaseUrl ? undefined : startEmbeddedDatabase(env.dataDir);
    embeddedDatabase?.catch(() => undefined); // whoever needs it hears
    await Promise.race([embeddedDatabase, undefined]); // that its directory is in use is known already
    const { serve } = await import('./serving.js');
    await serve(env, logger, embeddedDatabase, stopRequest);
  } catch (error) {
    fail(error); // what is half open is left as by kill -9, which harms nothing
  }
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
