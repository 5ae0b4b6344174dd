import type { Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../src/app';
import { findFreePort } from '../../src/free-port';
import type { Env } from '../../src/platform/env';
import { createLogger } from '../../src/platform/logging';
import { createTestDatabase, type TestDatabase } from './databases';
import { createTestEnv } from './env';

/** The whole application, listening on a port of its own with a database of its own. */
export interface TestApp {
  url: string;
  nest: NestFastifyApplication;
  env: Env;
  database: TestDatabase;
  /** Everything that was logged, one JSON text a line. */
  logs: string[];
  close(): Promise<void>;
}

/**
 * Starts the real application. `variables` are environment variables by name; `database` reuses one (for restarts);
 * `consumers` are rooms beyond the house's own.
 */
export async function startTestApp(
  variables: Record<string, string> = {},
  database?: TestDatabase,
  consumers: Type[] = [],
): Promise<TestApp> {
  const own = database ?? (await createTestDatabase());
  const drop = async () => {
    if (!database) await own.drop();
  };
  try {
    const port = await findFreePort('127.0.0.1');
    const url = `http://127.0.0.1:${port}`;
    const env = { ...createTestEnv(own, { LOG_LEVEL: 'debug', ...variables }), port, publicUrl: url };
    const logs: string[] = [];
    const nest = await createApp(env, createLogger(env, { write: (line) => void logs.push(line) }), {
      consumers,
    });
    await nest.listen(port, '127.0.0.1');
    const close = async () => {
      await nest.close();
      await drop();
    };
    return { url, nest, env, database: own, logs, close };
  } catch (error) {
    await drop();
    throw error;
  }
}
