import { grantablePermissions } from '../../src/identity';
import { Client } from './client';
import { expectStatus } from './providers';

/** Everything that a key can be given. */
export const allScopes: readonly string[] = grantablePermissions;

/** A program that calls with an API key, and names no team. `userId` is the key's id. */
export type KeyClient = Client & { token: string; userId: string };

/** Makes a key as `maker`, a person in their team or a key, and answers who calls with it. */
export async function createApiKey(
  maker: Client,
  scopes: readonly string[],
  more: { name?: string; expiresAt?: string | null } = {},
): Promise<KeyClient> {
  const { id, secret } = expectStatus(
    await maker.post('/api/v1/api-keys', { name: 'A program', scopes, ...more }),
    201,
  );
  return new Client(maker.url, secret, undefined, id) as KeyClient;
}
