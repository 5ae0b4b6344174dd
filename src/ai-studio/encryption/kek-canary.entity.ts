import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * A throw-away data key under a version of a key-encryption key: whether it opens tells whether that is still the same
 * key. A server adds it at its start, `keys:rotate` for a new version, or where no server can run beside it; nobody changes
 * or removes one.
 */
@Entity('kek_canary')
export class KekCanary {
  @PrimaryColumn('text', { name: 'kek_id' })
  kekId!: string;

  @PrimaryColumn('text', { name: 'kek_version' })
  kekVersion!: string;

  /** Stands in the binding where a data key has its own. */
  @Column('uuid')
  id!: string;

  @Column('bytea')
  wrapped!: Buffer;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
