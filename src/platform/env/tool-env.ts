import { join, resolve } from 'node:path';
import { EnvError, type Env } from './env';
import { findGeneratedKey, generatedKeyFile } from './generated-keys';
import { readKek } from './kek-variables';
import { toSecret, variableReader } from './parse-variable';

/** What a command of the terminal needs to open the database and to read the anchors of the audit log. */
export type ToolEnv = Pick<Env, 'production' | 'databaseUrl' | 'dataDir' | 'auditKey' | 'auditAnchorFile'>;

/** The same with the key-encryption keys, for a command that is about them. */
export type KeyToolEnv = ToolEnv & Pick<Env, 'kek' | 'generatedKeyFiles'>;

/**
 * Reads the few variables that a command needs, so that it works where the server would not start. Takes keys that a
 * server generated into `DATA_DIR` (in production none does), and generates none. Throws {@link EnvError}.
 */
export function loadToolEnv(source: NodeJS.ProcessEnv = process.env): ToolEnv {
  const problems: string[] = [];
  const env = readToolEnv(source, problems);
  if (problems.length > 0) throw new EnvError(problems);
  return env;
}

/** See {@link loadToolEnv}. `kek` has no provider with keys where none is configured and none was generated. */
export function loadKeyToolEnv(source: NodeJS.ProcessEnv = process.env): KeyToolEnv {
  const problems: string[] = [];
  const env = readToolEnv(source, problems);
  const kek = readKek(source, problems);
  if (problems.length > 0) throw new EnvError(problems);
  const isGenerated = !env.production && kek.provider === 'local' && !kek.local;
  const generated = isGenerated ? findGeneratedKey(env.dataDir, 'ai-studio-kek') : undefined;
  return {
    ...env,
    kek: generated ? { ...kek, local: generated } : kek,
    generatedKeyFiles: generated ? [generatedKeyFile(env.dataDir, 'ai-studio-kek')] : [],
  };
}

function readToolEnv(source: NodeJS.ProcessEnv, problems: string[]): ToolEnv {
  const value = variableReader(source, problems);
  const dataDir = resolve(value('DATA_DIR') ?? '');
  const production = value('NODE_ENV') === 'production';
  const auditKey = toSecret(value('AUDIT_KEY'));
  return {
    production,
    databaseUrl: toSecret(value('DATABASE_URL')),
    dataDir,
    auditKey: auditKey ?? (production ? undefined : findGeneratedKey(dataDir, 'audit-key')),
    auditAnchorFile: resolve(value('AUDIT_ANCHOR_FILE') ?? join(dataDir, 'audit-anchors.jsonl')),
  };
}
