import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { envTable, type EnvName } from './env.schema';
import { resolveKeys } from './generated-keys';
import { readKekSettings, type CredentialName, type KekSettings, type SecretSource } from './kek-settings';
import { findWeakness, isSameSecret } from './weak-secrets';
import { SecretString } from '../secrets';

/** Nest injection token of the parsed {@link Env}. */
export const ENV = Symbol('ENV');

/** The configuration of this process, parsed once at start. */
export interface Env {
  production: boolean;
  host: string;
  port: number;
  /** Origin that users see, without a trailing slash; `undefined` until the port is known. */
  publicUrl: string | undefined;
  databaseUrl: SecretString | undefined;
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
  const value = <N extends EnvName>(name: N) => parseVariable(name, source, problems);
  const production = value('NODE_ENV') === 'production';
  const parsed = {
    production,
    host: value('HOST') ?? '',
    port: value('PORT') ?? 0,
    publicUrl: value('PUBLIC_URL')?.replace(/\/+$/, ''),
    databaseUrl: toSecret(value('DATABASE_URL')),
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
  value('REDIS_URL');
  const kek = readKek(source, problems);
  const authSecret = value('AUTH_SECRET');
  const auditKey = value('AUDIT_KEY');
  const auditAnchorFile = resolve(value('AUDIT_ANCHOR_FILE') ?? join(parsed.dataDir, 'audit-anchors.jsonl'));
  if (production) refuseUnsafeKeys(kek, authSecret, problems);
  if (problems.length > 0) throw new EnvError(problems);
  return {
    ...parsed,
    auditAnchorFile,
    ...resolveKeys(parsed.dataDir, kek, authSecret, { configured: auditKey, generate: !production }),
  };
}

function readKek(source: NodeJS.ProcessEnv, problems: string[]): KekSettings {
  const value = <N extends EnvName>(name: N) => parseVariable(name, source, problems);
  const secret = (name: CredentialName): SecretSource => {
    value(name);
    return () => toSecret(parseVariable(name, source, []));
  };
  return readKekSettings(
    {
      AI_STUDIO_KEK_PROVIDER: value('AI_STUDIO_KEK_PROVIDER'),
      AI_STUDIO_KEK: value('AI_STUDIO_KEK'),
      AWS_KMS_KEYS: value('AWS_KMS_KEYS'),
      AWS_KMS_ENDPOINT: value('AWS_KMS_ENDPOINT'),
      GOOGLE_KMS_KEYS: value('GOOGLE_KMS_KEYS'),
      GOOGLE_KMS_ENDPOINT: value('GOOGLE_KMS_ENDPOINT'),
      GCE_METADATA_HOST: value('GCE_METADATA_HOST'),
      VAULT_TRANSIT_KEYS: value('VAULT_TRANSIT_KEYS'),
      VAULT_TRANSIT_MOUNT: value('VAULT_TRANSIT_MOUNT'),
      VAULT_ADDR: value('VAULT_ADDR'),
      VAULT_NAMESPACE: value('VAULT_NAMESPACE'),
    },
    secret,
    (name) => Boolean(source[name] || source[`${name}_FILE`]),
    problems,
  );
}

/** Production makes no key for itself, and takes none that anybody could guess or has for another purpose. */
function refuseUnsafeKeys(kek: KekSettings, authSecret: string | undefined, problems: string[]): void {
  if (kek.provider === 'local' && !kek.local)
    problems.push(
      'AI_STUDIO_KEK must be set in production (npm run keys:generate makes one), or AI_STUDIO_KEK_PROVIDER name a key service.',
    );
  if (!authSecret) problems.push('AUTH_SECRET must be set in production (npm run keys:generate makes one).');
  const weakness = authSecret && findWeakness(authSecret);
  if (weakness) problems.push(`AUTH_SECRET ${weakness}.`);
  if (authSecret && kek.local && isSameSecret(kek.local.reveal(), authSecret))
    problems.push('AI_STUDIO_KEK and AUTH_SECRET hold the same key; make another for one of them.');
}

function parseVariable<N extends EnvName>(
  name: N,
  source: NodeJS.ProcessEnv,
  problems: string[],
): ReturnType<(typeof envTable)[N]['parse']['parse']> | undefined {
  let raw = source[name];
  const file = source[`${name}_FILE`];
  if (file) {
    if (raw) problems.push(`${name} and ${name}_FILE are both set; set one.`);
    try {
      raw = readFileSync(file, 'utf8').trim();
    } catch {
      problems.push(`${name}_FILE names a file that cannot be read.`);
      return undefined;
    }
  }
  const result = envTable[name].parse.safeParse(raw === '' ? undefined : raw);
  if (result.success) return result.data as ReturnType<(typeof envTable)[N]['parse']['parse']>; // the union of parsers narrowed to N's
  problems.push(`${name}: ${result.error.issues.map(describeIssue).join('; ')}`);
  return undefined;
}

/** Zod's own text may repeat the value for some issues; these never do. */
function describeIssue(issue: { code: string; values?: unknown; message: string }): string {
  if (issue.code === 'invalid_value' && Array.isArray(issue.values))
    return `must be one of ${issue.values.join(', ')}`;
  if (issue.code === 'invalid_format') return 'is not a valid address of the expected kind';
  if (issue.code === 'invalid_type') return 'is not of the expected type';
  return issue.message;
}

function toSecret(value: string | undefined): SecretString | undefined {
  return value === undefined ? undefined : new SecretString(value);
}
