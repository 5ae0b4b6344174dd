import { join, resolve } from 'node:path';
import type { SecretString } from '../secrets';
import type { LimitSettings } from './access-settings';
import { resolveKeys } from './generated-keys';
import type { KekSettings } from './kek-settings';
import { readKek } from './kek-variables';
import { toSecret, variableReader } from './parse-variable';
import { findWeakness, isSameSecret } from './weak-secrets';

/** Nest injection token of the parsed {@link Env}. */
export const ENV = Symbol('ENV');

/** The configuration of this process, parsed once at start. */
export interface Env {
  production: boolean;
  /** A command of the terminal that needs the whole product, and serves nobody. */
  terminal: boolean;
  host: string;
  port: number;
  /** Origin that users see, without a trailing slash; `undefined` until the port is known. */
  publicUrl: string | undefined;
  databaseUrl: SecretString | undefined;
  /** Where replicas share their limits. */
  redisUrl: SecretString | undefined;
  limits: LimitSettings;
  /** Addresses and networks whose `X-Forwarded-For` is believed. */
  trustedProxies: string[];
  /** Origins beside our own whose pages may call. */
  corsOrigins: string[];
  /** Absolute path. */
  dataDir: string;
  /** Who wraps data keys, and who else opens them. */
  kek: KekSettings;
  authSecret: SecretString;
  /** Signs the anchors of the audit log; `undefined` in production where none is configured: then there are none. */
  auditKey: SecretString | undefined;
  /** Absolute path. */
  auditAnchorFile: string;
  /** Files that were generated because a key was not configured; printed at start. */
  generatedKeyFiles: string[];
  authSignUp: 'open' | 'invite' | 'closed';
  egressAllowHosts: string;
  sandboxEnabled: boolean;
  /** The operator's rules for every model call; `undefined` where there are none. */
  platformRules: string | undefined;
  seedCatalogue: boolean;
  modelCatalogueFile: string | undefined;
  /** UTC. */
  modelSyncCron: string | undefined;
  modelSyncMode: 'diff' | 'safe';
  modelSyncTeam: string | undefined;
  metricsToken: SecretString | undefined;
  logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  drainMs: number;
}

/** A variable has a bad value. Names the variable and what is expected, never the value. */
export class EnvError extends Error {
  constructor(readonly problems: string[]) {
    super(`The configuration cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'EnvError';
  }
}

/**
 * Reads, checks and completes the environment. `NAME_FILE` reads any variable from a file.
 * Generates the key ring and the session secret into `DATA_DIR` where they are not configured, except in
 * production. Throws {@link EnvError}.
 */
export function loadEnv(source: NodeJS.ProcessEnv = process.env): Env {
  const problems: string[] = [];
  const value = variableReader(source, problems);
  const production = value('NODE_ENV') === 'production';
  const parsed = {
    production,
    terminal: false,
    host: value('HOST') ?? '',
    port: value('PORT') ?? 0,
    publicUrl: value('PUBLIC_URL')?.replace(/\/+$/, ''),
    databaseUrl: toSecret(value('DATABASE_URL')),
    redisUrl: toSecret(value('REDIS_URL')),
    limits: {
      signIn: value('RATE_LIMIT_SIGN_IN'),
      credentials: value('RATE_LIMIT_CREDENTIALS'),
      accounts: value('RATE_LIMIT_ACCOUNTS'),
      calls: value('RATE_LIMIT_CALLS'),
      team: value('RATE_LIMIT_TEAM'),
      modelCalls: value('RATE_LIMIT_MODEL_CALLS'),
    },
    trustedProxies: value('TRUSTED_PROXIES') ?? [],
    corsOrigins: value('CORS_ORIGINS') ?? [],
    dataDir: resolve(value('DATA_DIR') ?? ''),
    authSignUp: value('AUTH_SIGN_UP') ?? 'closed',
    egressAllowHosts: value('EGRESS_ALLOW_HOSTS') ?? '',
    sandboxEnabled: (value('SANDBOX_PROVIDER') ?? (production ? 'off' : 'on')) === 'on',
    platformRules: value('PLATFORM_RULES'),
    seedCatalogue: value('MODEL_CATALOGUE_SEED') === 'on',
    modelCatalogueFile: value('MODEL_CATALOGUE_FILE'),
    modelSyncCron: value('MODEL_SYNC_CRON'),
    modelSyncMode: value('MODEL_SYNC_MODE') ?? 'diff',
    modelSyncTeam: value('MODEL_SYNC_TEAM'),
    metricsToken: toSecret(value('METRICS_TOKEN')),
    logLevel: value('LOG_LEVEL') ?? 'info',
    drainMs: value('DRAIN_MS') ?? 0,
  };
  const kek = readKek(source, problems);
  const authSecret = value('AUTH_SECRET');
  const auditKey = value('AUDIT_KEY');
  const auditAnchorFile = resolve(value('AUDIT_ANCHOR_FILE') ?? join(parsed.dataDir, 'audit-anchors.jsonl'));
  if (production) refuseUnsafeKeys(kek, { AUTH_SECRET: authSecret, AUDIT_KEY: auditKey }, problems);
  if (problems.length > 0) throw new EnvError(problems);
  return {
    ...parsed,
    auditAnchorFile,
    ...resolveKeys(parsed.dataDir, kek, authSecret, { configured: auditKey, generate: !production }),
  };
}

/** Production makes no key for itself, and takes none that anybody could guess or has for another purpose. */
function refuseUnsafeKeys(
  kek: KekSettings,
  signing: { AUTH_SECRET: string | undefined; AUDIT_KEY: string | undefined },
  problems: string[],
): void {
  if (kek.provider === 'local' && !kek.local)
    problems.push(
      'AI_STUDIO_KEK must be set in production (npm run keys:generate makes one), or AI_STUDIO_KEK_PROVIDER name a key service.',
    );
  if (!signing.AUTH_SECRET)
    problems.push('AUTH_SECRET must be set in production (npm run keys:generate makes one).');
  for (const [name, secret] of Object.entries(signing)) {
    if (!secret) continue;
    const weakness = findWeakness(secret);
    if (weakness) problems.push(`${name} ${weakness}.`);
    if (kek.local && isSameSecret(kek.local.reveal(), secret))
      problems.push(`AI_STUDIO_KEK and ${name} hold the same key; make another for one of them.`);
  }
  if (signing.AUDIT_KEY && signing.AUDIT_KEY === signing.AUTH_SECRET)
    problems.push('AUTH_SECRET and AUDIT_KEY hold the same key; make another for one of them.');
}
