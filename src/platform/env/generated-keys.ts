import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KekSettings } from './kek-settings';
import { makeDirectory } from '../files';
import { SecretString } from '../secrets';

/** Makes a key ring of one fresh key: `kek-<yyyymmdd>-<8 hex>:<base64 of 32 random bytes>`. */
export function generateKeyRing(now = new Date()): string {
  const day = now.toISOString().slice(0, 10).replaceAll('-', '');
  return `kek-${day}-${randomBytes(4).toString('hex')}:${randomBytes(32).toString('base64')}`;
}

/** Makes a session-signing secret: 48 random bytes as base64url. */
export function generateAuthSecret(): string {
  return randomBytes(48).toString('base64url');
}

/** Keys that a server makes for itself where none is configured. */
type GeneratedKey = 'ai-studio-kek' | 'auth-secret' | 'audit-key';

/** Where such a key is kept. */
export function generatedKeyFile(dataDir: string, name: GeneratedKey): string {
  return join(dataDir, name);
}

/** What an earlier start generated; `undefined` where none did. */
export function findGeneratedKey(dataDir: string, name: GeneratedKey): SecretString | undefined {
  const file = generatedKeyFile(dataDir, name);
  return existsSync(file) ? new SecretString(readFileSync(file, 'utf8').trim()) : undefined;
}

/**
 * Uses what is configured; else what an earlier start generated; else generates it, mode 0600, into `dataDir`. A key
 * ring is generated only where it is to seal: beside a key service it would be one more key to keep.
 */
export function resolveKeys(
  dataDir: string,
  kek: KekSettings,
  authSecret: string | undefined,
  auditKey: { configured: string | undefined; generate: boolean },
): {
  kek: KekSettings;
  authSecret: SecretString;
  auditKey: SecretString | undefined;
  generatedKeyFiles: string[];
} {
  const generatedKeyFiles: string[] = [];
  const keep = (name: GeneratedKey, generate: () => string): SecretString => {
    const file = generatedKeyFile(dataDir, name);
    if (!existsSync(file)) {
      makeDirectory(dataDir);
      try {
        writeFileSync(file, `${generate()}\n`, { mode: 0o600, flag: 'wx' });
      } catch (error) {
        // Another process that starts at the same moment made it first: use that one.
        if (!existsSync(file)) throw error;
      }
    }
    chmodSync(file, 0o600);
    generatedKeyFiles.push(file);
    return new SecretString(readFileSync(file, 'utf8').trim());
  };
  const needsRing = kek.provider === 'local' && !kek.local;
  return {
    kek: needsRing ? { ...kek, local: keep('ai-studio-kek', generateKeyRing) } : kek,
    authSecret: authSecret ? new SecretString(authSecret) : keep('auth-secret', generateAuthSecret),
    auditKey: auditKey.configured
      ? new SecretString(auditKey.configured)
      : auditKey.generate
        ? keep('audit-key', generateAuthSecret)
        : undefined,
    generatedKeyFiles,
  };
}
