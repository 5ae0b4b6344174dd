import { loadEnv, type Env } from '../../src/platform/env';

/** Tests call faster than people do. A suite about limits sets its own. */
export const generousLimits = Object.fromEntries(
  ['SIGN_IN', 'CREDENTIALS', 'ACCOUNTS', 'CALLS', 'TEAM', 'MODEL_CALLS'].map((name) => [
    `RATE_LIMIT_${name}`,
    '1000000/60',
  ]),
);

/** The environment of a test application: generated keys, sign-up open, loopback allowed for fake providers. */
export function createTestEnv(
  place: { dataDir: string; databaseUrl: string | undefined },
  variables: Record<string, string> = {},
): Env {
  return loadEnv({
    NODE_ENV: 'test',
    DATA_DIR: place.dataDir,
    ...(place.databaseUrl ? { DATABASE_URL: place.databaseUrl } : {}),
    AUTH_SIGN_UP: 'open',
    EGRESS_ALLOW_HOSTS: '127.0.0.1',
    MODEL_CATALOGUE_SEED: 'off',
    ...generousLimits,
    ...variables,
  });
}
