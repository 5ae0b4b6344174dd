import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ModelSettings } from '../models/team-model.entities';

/** A value that an agent's instructions name as `{{name}}`. */
export interface AgentVariable {
  name: string;
  description?: string;
  /** What stands in its place where a consumer gives no value. */
  default: string;
}

/** An agent of a team: which of its versions is the current one. */
@Entity('ai_agent')
export class Agent {
  @PrimaryColumn('uuid', { name: 'team_id' })
  teamId!: string;

  @PrimaryColumn('uuid')
  id!: string;

  /** Of the current version; no two agents of a team have the same, whatever its case. */
  @Column('text')
  name!: string;

  /** The current version, from 1. */
  @Column('integer')
  version!: number;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;

  /** A deleted agent keeps its versions: executions and conversations name them. */
  @Column('timestamptz', { name: 'deleted_at', nullable: true })
  deletedAt!: Date | null;
}

/** What an agent said from one publish to the next. The application may add versions, and change none. */
@Entity('ai_agent_version')
export class AgentVersion {
  @PrimaryColumn('uuid', { name: 'team_id' })
  teamId!: string;

  @PrimaryColumn('uuid', { name: 'agent_id' })
  agentId!: string;

  @PrimaryColumn('integer')
  version!: number;

  @Column('text')
  name!: string;

  @Column('text')
  description!: string;

  /** A template: see `findInstructionProblems` of `@kdx/shared`. */
  @Column('text')
  instructions!: string;

  /** Of the catalogue or of an endpoint of the team, which may be gone; `null` follows the team's order. */
  @Column('uuid', { name: 'model_id', nullable: true })
  modelId!: string | null;

  @Column('jsonb')
  settings!: ModelSettings;

  @Column('jsonb', { name: 'library_ids' })
  libraryIds!: string[];

  @Column('jsonb')
  variables!: AgentVariable[];

  /** The version that was published again. */
  @Column('integer', { name: 'rolled_back_from', nullable: true })
  rolledBackFrom!: number | null;

  @Column('uuid', { name: 'created_by' })
  createdBy!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
