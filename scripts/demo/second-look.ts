import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';

/** A stored key as the database holds it. */
export interface StoredKey {
  providerId: string;
  last4: string;
  sealed: Uint8Array;
}

/** Opens the database of a stopped server as its owner, whom row-level security does not bind, and reads the stored keys. */
export async function readStoredKeys(dataDir: string): Promise<StoredKey[]> {
  const database = await PGlite.create({ dataDir: join(dataDir, 'database') });
  try {
    const { rows } = await database.query<StoredKey>(
      `select coalesce(provider_id, team_provider_id::text) as "providerId", last4, sealed from ai_team_token`,
    );
    return rows;
  } finally {
    await database.close();
  }
}

/** In how many files of a directory a secret stands: as it is, as base64 or as hex. */
export function countFilesWith(directory: string, secret: string): number {
  const bytes = Buffer.from(secret);
  const spellings = [secret, bytes.toString('base64').replace(/=+$/, ''), bytes.toString('hex')];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)))
    .filter((content) => spellings.some((spelling) => content.includes(spelling))).length;
}
