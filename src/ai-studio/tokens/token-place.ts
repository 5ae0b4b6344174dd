import type { SecretPlace } from '../encryption/encryption.service';
import type { SnapshotProvider } from '../models/team-snapshot';

/** Where a provider key lives and to whom it is sent: sealed for this, it opens for nothing else. */
export function tokenPlace(
  tokenId: string,
  { kind, origin }: Pick<SnapshotProvider, 'kind' | 'origin'>,
): SecretPlace {
  return { table: 'ai_team_token', column: 'sealed', rowId: tokenId, providerKind: kind, origin };
}
