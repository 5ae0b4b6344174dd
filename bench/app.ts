import { createRequire } from 'node:module';
import { roomyLimits } from './place.ts';

export const load = createRequire(import.meta.url);
const { createApp } = load('../dist/src/app.js') as typeof import('../src/app.ts');
const { loadEnv } = load(
  '../dist/src/platform/env/index.js',
) as typeof import('../src/platform/env/index.ts');
const { createLogger } = load(
  '../dist/src/platform/logging/index.js',
) as typeof import('../src/platform/logging/index.ts');

export type App = Awaited<ReturnType<typeof createApp>>;

/** The compiled application in this process, quiet, not listening. `variables` are its environment. */
export function openApp(variables: Record<string, string>): Promise<App> {
  const env = loadEnv({
    PUBLIC_URL: 'http://127.0.0.1:1',
    LOG_LEVEL: 'error',
    EGRESS_ALLOW_HOSTS: '127.0.0.1',
    ...roomyLimits,
    ...variables,
  });
  return createApp(env, createLogger(env));
}
