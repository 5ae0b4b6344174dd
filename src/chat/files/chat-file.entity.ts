import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A file of a message, apart from its part, which names it by URL. Never changed. */
@Entity('chat_file')
export class ChatFile {
  @PrimaryColumn('uuid', { name: 'team_id' })
  teamId!: string;

  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('uuid', { name: 'session_id' })
  sessionId!: string;

  @Column('uuid', { name: 'message_id' })
  messageId!: string;

  @Column('text', { name: 'media_type' })
  mediaType!: string;

  @Column('text', { nullable: true })
  filename!: string | null;

  /** Of the content: computed by the database. */
  @Column({ type: 'bytea', insert: false, update: false })
  sha256!: Buffer;

  @Column('bytea')
  content!: Buffer;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
