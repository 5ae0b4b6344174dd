import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { LessThan } from 'typeorm';
import { changed, difference, unchanged, type AuditOrigin, type AuditTarget } from '../../platform/audit';
import { PlatformTransaction, type TransactionWork } from '../../platform/database';
import { PlatformChanges } from '../../platform/tenancy';
import type { AcceptedPart } from './model-sync-diff';
import { StoredDiff, SyncRun } from './sync.entities';

/** Comparisons and runs of the model sync. */
@Injectable()
export class SyncRunRepository {
  constructor(
    @Inject(PlatformTransaction) private readonly platform: PlatformTransaction,
    @Inject(PlatformChanges) private readonly changes: PlatformChanges,
  ) {}

  /** False where another replica has taken this moment of the schedule. */
  async insertRun(run: SyncRun): Promise<boolean> {
    return this.platform.run(async (manager) => {
      await manager.query(endLostRuns, [run.providerId]);
      const result = await manager
        .createQueryBuilder()
        .insert()
        .into(SyncRun)
        .values(run)
        .orIgnore()
        .returning('id')
        .execute();
      const rows: unknown = result.raw;
      return Array.isArray(rows) && rows.length === 1;
    });
  }

  async updateRun(id: string, change: Partial<SyncRun>): Promise<void> {
    await this.platform.run((manager) => manager.update(SyncRun, { id }, change));
  }

  /** Newest first. */
  listRuns(provider: string | undefined, before: string | undefined, limit: number): Promise<SyncRun[]> {
    return this.platform.run((manager) =>
      manager.find(SyncRun, {
        where: {
          ...(provider === undefined ? {} : { providerId: provider }),
          ...(before === undefined ? {} : { id: LessThan(before) }),
        },
        order: { id: 'DESC' },
        take: limit,
      }),
    );
  }

  async insertDiff(origin: AuditOrigin, diff: StoredDiff): Promise<void> {
    const { id, providerId, baseVersion, document, takenAt } = diff;
    // As text: TypeORM would walk through every model of it.
    await this.changes.note(origin, async (manager) => {
      await manager.query(insertDiff, [
        id,
        providerId,
        baseVersion,
        JSON.stringify(document, storable),
        takenAt,
      ]);
      return changed(undefined, difference('modelSync.diff', toSyncTarget(diff), null, { document }));
    });
    await this.platform.run((manager) => manager.query(forgetOldDiffs, [providerId]));
  }

  findDiff(providerId: string, id: string): Promise<StoredDiff | null> {
    return this.platform.run((manager) => manager.findOneBy(StoredDiff, { providerId, id }));
  }

  /** The run that applied a diff. */
  findApplied(diffId: string): Promise<SyncRun | null> {
    return this.platform.run((manager) =>
      manager.findOneBy(SyncRun, { diffId, action: 'apply', outcome: 'succeeded' }),
    );
  }

  /**
   * Runs `write` in one transaction that holds the provider's catalogue, and notes the diff as applied and `run` as its
   * record with it. `undefined` where the catalogue has moved since, `'applied'` where the same part of it was applied before, `'otherwise'` where another was.
   */
  applyOnce(
    origin: AuditOrigin,
    diff: StoredDiff,
    accepted: AcceptedPart,
    run: SyncRun,
    write: TransactionWork<void>,
  ): Promise<ApplyResult> {
    return this.changes.commit<ApplyResult>(origin, async (manager) => {
      const [provider] = await manager.query<{ version: number }[]>(
        'select catalogue_version as version from ai_provider where id = $1 for update',
        [diff.providerId],
      );
      const stored = await manager.findOne(StoredDiff, {
        where: { id: diff.id },
        select: { appliedAt: true, accepted: true, id: true },
      });
      if (stored?.appliedAt)
        return unchanged(isDeepStrictEqual(stored.accepted, plain(accepted)) ? 'applied' : 'otherwise');
      if (provider?.version !== diff.baseVersion) return unchanged('stale');
      await write(manager);
      await manager.update(
        StoredDiff,
        { id: diff.id },
        { appliedAt: run.startedAt, accepted: plain(accepted) },
      );
      await manager.insert(SyncRun, run);
      const { counts } = run;
      return changed('done', difference('modelSync.apply', toSyncTarget(diff), null, { accepted, counts }));
    });
  }
}

type ApplyResult = 'done' | 'stale' | 'applied' | 'otherwise';

/** What the audit log calls a comparison. */
export function toSyncTarget({ id, providerId }: StoredDiff): AuditTarget {
  return { type: 'modelSyncDiff', id, name: providerId };
}

const insertDiff = `
  insert into ai_model_sync_diff (id, provider_id, base_version, document, taken_at) values ($1, $2, $3, $4::jsonb, $5)`;

/** A run lasts two minutes at most: one that is older has lost its process. */
const endLostRuns = `
  update ai_model_sync_run set outcome = 'failed', finished_at = now(), error = 'The process that ran it ended.'
   where provider_id = $1 and outcome = 'running' and started_at < now() - interval '5 minutes'`;

/** What nobody has applied for a month is stale. */
const forgetOldDiffs = `
  delete from ai_model_sync_diff where provider_id = $1 and applied_at is null and taken_at < now() - interval '30 days'`;

/** As a JSON column takes it: providers may put NUL or half of a surrogate pair anywhere. */
function storable(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\ufffd') : value;
}

/** As it comes back from the database. */
function plain(accepted: AcceptedPart): AcceptedPart {
  return JSON.parse(JSON.stringify(accepted)) as AcceptedPart; // just serialised
}
