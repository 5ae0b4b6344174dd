import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Database } from './platform/database';
import type { EmbeddedDatabase } from './platform/embedded-database';
import type { Env } from './platform/env';
import { Lifecycle } from './platform/lifecycle';
import type { Logger } from './platform/logging';
import { createApp } from './app';
import { explained } from './cannot-listen';
import { firstSteps } from './first-steps';
import type { StopReason, StopRequest } from './stop-request';

/**
 * Builds the application on the database that is being opened, listens, and stops when it is asked to; at once, where the
 * embedded database dies.
 */
export async function serve(
  env: Env,
  logger: Logger,
  embeddedDatabase: Promise<EmbeddedDatabase> | undefined,
  stopRequest: StopRequest,
): Promise<void> {
  embeddedDatabase?.then(
    ({ died }) => died.then((reason) => endWithout(logger, reason)),
    () => undefined, // createApp hears, and throws it
  );
  const app = await createApp(env, logger, { embeddedDatabase });
  if (!stopRequest.isMade) {
    await listen(app, env);
    process.stdout.write(firstSteps(env, await hasNoAccount(app.get(Database))));
  }
  stopRequest.onceMade((reason) => stop(app, logger, reason));
}

/** Nothing can be answered, finished or kept any more. It is left as by `kill -9`, and the next start ends what was unfinished. */
function endWithout(logger: Logger, reason: Error): void {
  logger.fatal({ err: reason }, 'the embedded database died; start the server again');
  process.exit(1);
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

async function hasNoAccount(database: Database): Promise<boolean> {
  const { rowCount } = await database.pool.query(`select from auth_user where kind = 'person' limit 1`);
  return rowCount === 0;
}
