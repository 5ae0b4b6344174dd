import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Cron } from 'croner';
import { ENV, type Env } from '../../platform/env';
import { AppError } from '../../platform/errors';
import { Lifecycle } from '../../platform/lifecycle';
import { LOGGER, type Logger } from '../../platform/logging';
import { ProviderRepository } from '../providers/provider.repository';
import { findListAdapter } from './adapters';
import { isEmpty, type AcceptedPart, type ModelSyncDiff } from './model-sync-diff';
import { ModelSyncService, type SyncStarter } from './model-sync.service';

/**
 * Compares every active provider at the moments of `MODEL_SYNC_CRON` (UTC), and in mode `safe` applies what nobody has
 * to look at. Of several replicas the one that writes the run of a provider's moment first does it.
 */
@Injectable()
export class SyncSchedule implements OnApplicationBootstrap, OnApplicationShutdown {
  private job: Cron | undefined;

  constructor(
    @Inject(ModelSyncService) private readonly sync: ModelSyncService,
    @Inject(ProviderRepository) private readonly providers: ProviderRepository,
    @Inject(Lifecycle) private readonly lifecycle: Lifecycle,
    @Inject(ENV) private readonly env: Env,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    const { modelSyncCron } = this.env;
    if (modelSyncCron === undefined) return;
    this.job = new Cron(modelSyncCron, { timezone: 'UTC', protect: true, unref: true }, (job) =>
      this.runAll(job.currentRun() ?? new Date()),
    );
  }

  onApplicationShutdown(): void {
    this.job?.stop();
  }

  /** One moment of the schedule: provider after provider; one that fails does not stop the others. */
  async runAll(moment: Date): Promise<void> {
    const scheduledFor = new Date(Math.floor(moment.getTime() / 1_000) * 1_000);
    const starter: SyncStarter = { startedBy: 'schedule', teamId: this.env.modelSyncTeam, scheduledFor };
    for (const { id, kind, status } of await this.providers.listAll()) {
      const adapter = findListAdapter(kind);
      if (this.lifecycle.isStopping || status !== 'active' || !adapter) continue;
      if (adapter.needsKey && starter.teamId === undefined) continue;
      await this.runOne(starter, id);
    }
  }

  private async runOne(starter: SyncStarter, providerId: string): Promise<void> {
    try {
      const diff = await this.sync.diff(starter, providerId);
      if (!diff || isEmpty(diff) || this.env.modelSyncMode !== 'safe') return;
      await this.sync.apply({ ...starter, scheduledFor: undefined }, providerId, diff.id, safePart(diff));
    } catch (error) {
      // The run says so too. A team without a key for this provider is no fault.
      const quiet = error instanceof AppError && error.code === 'TOKEN_MISSING';
      this.logger[quiet ? 'info' : 'warn']({ err: error, providerId }, 'a scheduled model sync failed');
    }
  }
}

/** What nobody has to look at: all but the archiving of models that some team uses, and never what is quarantined. */
function safePart({ affected }: ModelSyncDiff): AcceptedPart {
  return affected.teams.length === 0 ? {} : { archivedModels: [] };
}
