import { Inject, Injectable } from '@nestjs/common';
import type { TeamId } from '@kdx/shared';
import { AppError } from '../../platform/errors';
import { EncryptionService, KEK_PROVIDER } from './encryption.service';
import { KekCanaries } from './kek-canaries';
import type { KekProvider } from './kek-provider';
import type { RotationOptions } from './key-rotation';
import { KeyUseRepository } from './key-use.repository';
import { ServerKeys } from './server-keys';
import { TeamKeyRepository } from './team-key.repository';

export interface RenewalProgress {
  /** Teams that have been seen to. */
  teams: number;
  /** Secrets that were sealed anew. */
  secrets: number;
}

export interface RenewalOutcome extends RenewalProgress {
  /** What was wrong where a team was left as it was, each once. */
  problems: string[];
}

const batchSize = 100;
/** A younger data key is not replaced: a renewal that was interrupted goes on where it stopped. */
const dayMs = 86_400_000;
/** So long may a call that read a secret still ask for the data key that it was under. */
const graceMs = 3_600_000;

/**
 * Gives teams new data keys and seals their secrets under those, while the product runs. What is under the old one opens
 * until nothing is; the old one is removed by the next renewal that finds nothing under it, an hour later or more.
 */
@Injectable()
export class DataKeyRotation {
  constructor(
    @Inject(KEK_PROVIDER) private readonly kek: KekProvider,
    @Inject(KekCanaries) private readonly canaries: KekCanaries,
    @Inject(ServerKeys) private readonly servers: ServerKeys,
    @Inject(EncryptionService) private readonly encryption: EncryptionService,
    @Inject(KeyUseRepository) private readonly use: KeyUseRepository,
    @Inject(TeamKeyRepository) private readonly teamKeys: TeamKeyRepository,
  ) {}

  /** Teams whose newest data key is older than a day. */
  countDue(): Promise<number> {
    return this.use.countTeamsWithout(new Date(Date.now() - dayMs));
  }

  /** Refuses to begin, or to go on, as `KeyRotation.rewrapAll` does. */
  async renewAll({ report, anyway }: RotationOptions<RenewalProgress> = {}): Promise<RenewalOutcome> {
    await this.canaries.assertProven();
    const [kekId = ''] = this.kek.kekIds;
    const problems = new Set<string>();
    const progress = { teams: 0, secrets: 0 };
    let after: TeamId | undefined;
    for (;;) {
      const teams = await this.use.listTeams(after, batchSize);
      if (teams.length === 0) return { ...progress, problems: [...problems] };
      if (!anyway) await this.servers.assertAllOpen(kekId);
      for (const teamId of teams) {
        try {
          progress.secrets += await this.renew(teamId);
          progress.teams++;
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          problems.add(error.message);
        }
      }
      after = teams.at(-1);
      report?.(progress);
    }
  }

  private async renew(teamId: TeamId): Promise<number> {
    const [newest] = await this.teamKeys.list(teamId);
    if (!newest) return 0; // the team is gone
    const isYoung = newest.createdAt.getTime() > Date.now() - dayMs;
    const dekId = isYoung ? newest.id : await this.encryption.renewDataKey(teamId);
    let count = 0;
    for (const secrets of this.encryption.secrets) count += await secrets.reseal(teamId, dekId);
    await this.removeSuperseded(teamId);
    return count;
  }

  private async removeSuperseded(teamId: TeamId): Promise<void> {
    const [newest, ...older] = await this.teamKeys.list(teamId);
    if (!newest || newest.createdAt.getTime() > Date.now() - graceMs) return;
    const blobs = await Promise.all(this.encryption.secrets.map((secrets) => secrets.list(teamId)));
    const inUse = new Set(blobs.flat().map((blob) => this.encryption.dataKeyOf(blob)));
    for (const { id } of older) if (!inUse.has(id)) await this.teamKeys.delete(teamId, id, 'remove');
  }
}
