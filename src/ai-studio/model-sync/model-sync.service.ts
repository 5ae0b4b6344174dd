import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { RequestOrigin, UserId } from '@kdx/shared';
import { instanceChain, RefusedAttempts, type AuditOrigin } from '../../platform/audit';
import { AppError, notFound, toAppError } from '../../platform/errors';
import { defaultPageSize, parseCursor, toPage, type Page } from '../../platform/http';
import { LOGGER, type Logger } from '../../platform/logging';
import type { Provider } from '../providers/provider.entities';
import { ProviderRepository } from '../providers/provider.repository';
import type { ModelListing } from './adapters/adapter';
import { CatalogueRepository } from './catalogue.repository';
import { computeDiff } from './compute-diff';
import { enrich, toQuarantined } from './enrich';
import { ModelListReader } from './model-list-reader';
import type { AcceptedPart, ModelSyncDiff } from './model-sync-diff';
import type { FindSyncRunsDto, SyncRunView } from './model-sync.dto';
import { OperatorCatalogueFile } from './operator-catalogue';
import { planOf, type SyncPlan } from './plan';
import type { StoredDiff, SyncCounts, SyncRun } from './sync.entities';
import { SyncRunRepository, toSyncTarget } from './sync-run.repository';

/** Who starts a run. `teamId` names the team whose key is used where the provider's list needs one. */
export interface SyncStarter {
  startedBy: SyncRun['startedBy'];
  userId?: UserId | undefined;
  teamId?: string | undefined;
  scheduledFor?: Date | undefined;
  /** The call of that user, for the audit log. */
  request?: RequestOrigin | undefined;
}

const progressEveryMs = 500;

/** Keeps the catalogue true: compares it with what a provider says, and applies what was accepted. */
@Injectable()
export class ModelSyncService {
  constructor(
    @Inject(ProviderRepository) private readonly providers: ProviderRepository,
    @Inject(ModelListReader) private readonly lists: ModelListReader,
    @Inject(CatalogueRepository) private readonly catalogue: CatalogueRepository,
    @Inject(SyncRunRepository) private readonly runs: SyncRunRepository,
    @Inject(OperatorCatalogueFile) private readonly operator: OperatorCatalogueFile,
    @Inject(RefusedAttempts) private readonly refusals: RefusedAttempts,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Reads the provider's list and compares; changes nothing. Throws `NOT_FOUND`, `TOKEN_MISSING`, `EGRESS_REFUSED`, or
   * `PROVIDER_FAILED` for anything but a whole list with at least one model. `undefined` where another replica runs
   * the same moment of the schedule.
   */
  async diff(
    starter: SyncStarter,
    providerId: string,
    onProgress: (progress: SyncRun['progress']) => void = () => undefined,
  ): Promise<ModelSyncDiff | undefined> {
    const provider = await this.getProvider(providerId);
    const run = newRun(starter, providerId, 'diff');
    if (!(await this.runs.insertRun(run))) return undefined;
    try {
      const note = this.noteProgress(run.id);
      const listing = await this.lists.read(provider, starter.teamId, (progress) => {
        onProgress(progress);
        note(progress);
      });
      const diff = await this.compare(toOrigin(starter), provider, listing);
      await this.end(run, { outcome: 'succeeded', diffId: diff.id, counts: countsOf(diff) });
      return diff;
    } catch (error) {
      await this.end(run, { outcome: 'failed', error: toAppError(error).message });
      throw error;
    }
  }

  /**
   * Applies a diff, or the accepted part of it, in one transaction. Applying it again answers the same run. Throws
   * `NOT_FOUND`, `VALIDATION_FAILED` for entries that it does not hold, `CONFLICT` where the catalogue has moved since.
   */
  async apply(
    starter: SyncStarter,
    providerId: string,
    diffId: string,
    accept: AcceptedPart = {},
  ): Promise<SyncRunView> {
    const diff = await this.runs.findDiff(providerId, diffId);
    if (!diff) throw notFound('The diff');
    const plan = planOf(diff.document, accept);
    const run: SyncRun = {
      ...newRun(starter, providerId, 'apply'),
      diffId,
      outcome: 'succeeded',
      counts: countsOfPlan(plan),
      finishedAt: new Date(),
    };
    const result = await this.runs.applyOnce(toOrigin(starter), diff, accept, run, (manager) =>
      this.catalogue.write(manager, providerId, plan, 'provider', run.startedAt),
    );
    if (result === 'stale' || result === 'otherwise') {
      await this.noteRefusal(starter, diff);
      throw result === 'stale' ? staleDiff() : appliedOtherwise();
    }
    if (result === 'applied') return toRunView((await this.runs.findApplied(diffId)) ?? run);
    const { startedBy, userId, counts } = run;
    this.logger.info({ providerId, diffId, startedBy, userId, counts }, 'model catalogue changed');
    return toRunView(run);
  }

  async listRuns({ provider, cursor, limit = defaultPageSize }: FindSyncRunsDto): Promise<Page<SyncRunView>> {
    const rows = await this.runs.listRuns(provider, parseCursor(cursor, 1)?.[0], limit + 1);
    const page = toPage(rows, limit, ({ id }) => [id]);
    return { ...page, items: page.items.map(toRunView) };
  }

  private noteRefusal(starter: SyncStarter, diff: StoredDiff): Promise<void> {
    const who = starter.userId ?? starter.startedBy;
    const target = toSyncTarget(diff);
    const entry = { action: 'modelSync.apply', target, code: 'CONFLICT' as const };
    return this.refusals.record(instanceChain, who, toOrigin(starter), entry);
  }

  private async getProvider(providerId: string): Promise<Provider> {
    const provider = await this.providers.find(providerId);
    if (!provider) throw notFound('The provider');
    return provider;
  }

  private async compare(
    origin: AuditOrigin,
    provider: Provider,
    listing: ModelListing,
  ): Promise<ModelSyncDiff> {
    const state = await this.catalogue.read(provider.id);
    if (!state) throw notFound('The provider');
    const takenAt = new Date();
    const listed = enrich(provider, listing.models, this.operator.read(), takenAt);
    const comparison = computeDiff(state.models, listed);
    comparison.quarantined.push(...listing.skipped.map(toQuarantined));
    const mayVanish = new Set([
      ...comparison.archivedModels.map(({ modelKey }) => modelKey),
      ...comparison.quarantined.filter(({ field }) => field === 'status').map(({ model }) => model),
    ]);
    const vanishing = state.models.filter(({ modelKey }) => mayVanish.has(modelKey));
    const document: ModelSyncDiff = {
      id: uuidv7(),
      providerId: provider.id,
      takenAt: takenAt.toISOString(),
      baseVersion: state.version,
      ...comparison,
      affected: await this.catalogue.findAffected(provider.id, vanishing),
    };
    const stored: StoredDiff = {
      id: document.id,
      providerId: provider.id,
      baseVersion: state.version,
      document,
      takenAt,
      appliedAt: null,
      accepted: null,
    };
    await this.runs.insertDiff(origin, stored);
    return document;
  }

  /** Progress is for who looks: not every page is written, and a lost one does no harm. */
  private noteProgress(runId: string): (progress: SyncRun['progress']) => void {
    let notedAt = Date.now();
    return (progress) => {
      if (Date.now() - notedAt < progressEveryMs) return;
      notedAt = Date.now();
      void this.runs
        .updateRun(runId, { progress })
        .catch((error: unknown) => this.logger.warn({ err: error, runId }, 'progress was not stored'));
    };
  }

  private end(run: SyncRun, change: Partial<SyncRun>): Promise<void> {
    return this.runs.updateRun(run.id, { ...change, finishedAt: new Date() });
  }
}

function toOrigin({ startedBy, userId, request }: SyncStarter): AuditOrigin {
  return startedBy === 'user' ? { userId, request } : { system: startedBy };
}

function newRun(
  { startedBy, userId, scheduledFor }: SyncStarter,
  providerId: string,
  action: SyncRun['action'],
): SyncRun {
  return {
    id: uuidv7(),
    providerId,
    diffId: null,
    action,
    startedBy,
    userId: userId ?? null,
    scheduledFor: scheduledFor ?? null,
    outcome: 'running',
    progress: {},
    counts: {},
    error: null,
    startedAt: new Date(),
    finishedAt: null,
  };
}

function countsOf({ newModels, updatedModels, archivedModels, quarantined }: ModelSyncDiff): SyncCounts {
  return {
    new: newModels.length,
    updated: updatedModels.length,
    archived: archivedModels.length,
    quarantined: quarantined.length,
  };
}

function countsOfPlan({ insert, update, archive, prices }: SyncPlan): SyncCounts {
  return { new: insert.length, updated: update.length, archived: archive.length, prices: prices.length };
}

function staleDiff(): AppError {
  return new AppError(
    'CONFLICT',
    'The catalogue has changed since this diff was taken. Take another (POST …/diff) and review that.',
  );
}

function appliedOtherwise(): AppError {
  return new AppError(
    'CONFLICT',
    'Another part of this diff was applied before. Take a new diff (POST …/diff).',
  );
}

function toRunView(run: SyncRun): SyncRunView {
  const { id, providerId, diffId, action, startedBy, userId, outcome, progress, counts, error } = run;
  return {
    id,
    providerId,
    diffId,
    action,
    startedBy,
    userId,
    outcome,
    progress,
    counts,
    error,
    startedAt: run.startedAt.toISOString(),
    finishedAt: run.finishedAt?.toISOString() ?? null,
  };
}
