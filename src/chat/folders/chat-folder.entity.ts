import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A folder of one user in one team, for conversations. Its name is unique whatever the case. */
@Entity('chat_folder')
export class ChatFolder {
  @PrimaryColumn('uuid', { name: 'team_id' })
  teamId!: string;

  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('text')
  name!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
