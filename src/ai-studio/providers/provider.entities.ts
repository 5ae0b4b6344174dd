import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A provider that every team can use. */
@Entity('ai_provider')
export class Provider {
  /** Short name: `openai`. */
  @PrimaryColumn('text')
  id!: string;

  /** Row of the provider registry that speaks its protocol. */
  @Column('text')
  kind!: string;

  @Column('text', { name: 'display_name' })
  displayName!: string;

  /** `null`: the kind's own address. */
  @Column('text', { name: 'base_url', nullable: true })
  baseUrl!: string | null;

  @Column('text')
  status!: 'active' | 'disabled';

  /** Moves with every change of its models in the catalogue; 0 before the first. */
  @Column('bigint', { name: 'catalogue_version' })
  catalogueVersion!: number;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}

/** An OpenAI-compatible endpoint that only one team uses. */
@Entity('ai_team_provider')
export class TeamProvider {
  @PrimaryColumn('uuid', { name: 'team_id' })
  teamId!: string;

  @PrimaryColumn('uuid')
  id!: string;

  @Column('text', { name: 'display_name' })
  displayName!: string;

  @Column('text', { name: 'base_url' })
  baseUrl!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
