import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A team's key for a provider, sealed. At most one for each. */
@Entity('ai_team_token')
export class ProviderToken {
  @PrimaryColumn('uuid', { name: 'team_id' })
  teamId!: string;

  @PrimaryColumn('uuid')
  id!: string;

  @Column('text', { name: 'provider_id', nullable: true })
  providerId!: string | null;

  @Column('uuid', { name: 'team_provider_id', nullable: true })
  teamProviderId!: string | null;

  @Column('bytea')
  sealed!: Buffer;

  /** Origin of the base URL for which the key was stored; it opens for no other. */
  @Column('text')
  origin!: string;

  @Column('text')
  last4!: string;

  /** See `EncryptionService.fingerprint`. */
  @Column('text')
  fingerprint!: string;

  /** Counts the replacements; part of the key of every client made with it. */
  @Column('integer')
  version!: number;

  @Column('timestamptz', { name: 'last_used_at', nullable: true })
  lastUsedAt!: Date | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
