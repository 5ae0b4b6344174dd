import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A team's data key, wrapped by a key-encryption key. Without its rows a team's secrets are gone. */
@Entity('team_key')
export class TeamKey {
  @PrimaryColumn('uuid', { name: 'team_id' })
  teamId!: string;

  /** Stands in the header of every blob that this key sealed. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('bytea')
  wrapped!: Buffer;

  @Column('text', { name: 'kek_id' })
  kekId!: string;

  @Column('text', { name: 'kek_version' })
  kekVersion!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
