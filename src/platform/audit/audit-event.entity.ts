import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { AuditEvent } from './audit-event';

/** An event of a team's chain, or of the instance's. Inserted with `team_id` and `event` alone: the rest is the database's. */
@Entity('audit_event', { schema: 'public' })
export class AuditEventRow {
  /** The instance's chain has one that no team has: see `instanceChain`. */
  @PrimaryColumn('uuid', { name: 'team_id' })
  teamId!: string;

  @PrimaryColumn('bigint')
  seq!: number;

  @Column('jsonb')
  event!: AuditEvent;

  /** SHA-256 of the hash before it and of the event. */
  @Column('bytea')
  hash!: Buffer;

  /** This and what follows is read out of the event, for filters. */
  @Column('text')
  at!: string;

  @Column('text')
  action!: string;

  @Column('text')
  outcome!: AuditEvent['outcome'];

  @Column('text', { name: 'actor_id', nullable: true })
  actorId!: string | null;

  @Column('text', { name: 'target_type' })
  targetType!: string;

  @Column('text', { name: 'target_id', nullable: true })
  targetId!: string | null;
}
