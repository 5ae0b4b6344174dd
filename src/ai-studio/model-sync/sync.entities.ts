import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { AcceptedPart, ModelSyncDiff } from './model-sync-diff';

/** A comparison that was taken and can be applied. */
@Entity('ai_model_sync_diff')
export class StoredDiff {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text', { name: 'provider_id' })
  providerId!: string;

  /** The version of the provider's catalogue that it compares with. */
  @Column('bigint', { name: 'base_version' })
  baseVersion!: number;

  @Column('jsonb')
  document!: ModelSyncDiff;

  @Column('timestamptz', { name: 'taken_at' })
  takenAt!: Date;

  @Column('timestamptz', { name: 'applied_at', nullable: true })
  appliedAt!: Date | null;

  /** What of it was accepted. */
  @Column('jsonb', { nullable: true })
  accepted!: AcceptedPart | null;
}

/** How many models of each kind a run found or changed. */
export interface SyncCounts {
  new?: number;
  updated?: number;
  archived?: number;
  /** New prices, of new models too. */
  prices?: number;
  quarantined?: number;
}

/** One comparison or application, and how it went. */
@Entity('ai_model_sync_run')
export class SyncRun {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text', { name: 'provider_id' })
  providerId!: string;

  @Column('uuid', { name: 'diff_id', nullable: true })
  diffId!: string | null;

  @Column('text')
  action!: 'diff' | 'apply';

  @Column('text', { name: 'started_by' })
  startedBy!: 'user' | 'schedule' | 'terminal';

  @Column('uuid', { name: 'user_id', nullable: true })
  userId!: string | null;

  /** Of runs by the schedule: its moment, which one replica takes. */
  @Column('timestamptz', { name: 'scheduled_for', nullable: true })
  scheduledFor!: Date | null;

  @Column('text')
  outcome!: 'running' | 'succeeded' | 'failed';

  /** Pages and models that were read so far. */
  @Column('jsonb')
  progress!: { pages?: number; models?: number };

  @Column('jsonb')
  counts!: SyncCounts;

  @Column('text', { nullable: true })
  error!: string | null;

  @Column('timestamptz', { name: 'started_at' })
  startedAt!: Date;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;
}
