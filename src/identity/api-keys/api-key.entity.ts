import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A key of a team. It acts through the row of `auth_user` that has its id, which the database makes and removes with it. */
@Entity('api_key')
export class ApiKey {
  @PrimaryColumn('uuid', { name: 'team_id' })
  teamId!: string;

  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  name!: string;

  /** Names of permissions; one that is in the table no more, or for the platform admin now, allows nothing. */
  @Column('jsonb')
  scopes!: string[];

  /** SHA-256 of the whole secret, which is kept nowhere. */
  @Column('bytea')
  digest!: Buffer;

  @Column('text')
  last4!: string;

  /** `null`: never. */
  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt!: Date | null;

  /** To the minute; `null`: never. */
  @Column('timestamptz', { name: 'last_used_at', nullable: true })
  lastUsedAt!: Date | null;

  /** The user, or the key, that made it, and may be gone. */
  @Column('uuid', { name: 'created_by' })
  createdBy!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
