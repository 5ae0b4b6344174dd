import type { Caller } from '../../identity';
import type { ModelSyncDiff } from './model-sync-diff';
import type { ModelSyncService, SyncStarter } from './model-sync.service';

/** A platform admin reads a provider's list with the key of the team that the call is for. */
export function startedByUser({ userId, team, request }: Caller): SyncStarter {
  return { startedBy: 'user', userId, teamId: team?.id, request };
}

export async function diffForUser(
  sync: ModelSyncService,
  caller: Caller,
  providerId: string,
): Promise<ModelSyncDiff> {
  const diff = await sync.diff(startedByUser(caller), providerId);
  if (!diff) throw new Error('Only the schedule gives way to another replica.');
  return diff;
}
