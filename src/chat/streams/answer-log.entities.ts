import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Some events of an answer, one after the other, as the text that every reader of its stream gets. Never changed. */
@Entity('chat_answer_event')
export class ChatAnswerEvent {
  @PrimaryColumn('uuid', { name: 'team_id' })
  teamId!: string;

  @PrimaryColumn('uuid', { name: 'message_id' })
  messageId!: string;

  /** Number of the last event in `text`. */
  @PrimaryColumn('bigint')
  seq!: number;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  /** Length of all that the answer said up to the end of `text`, in bytes. */
  @Column('bigint')
  bytes!: number;

  /** Nothing comes after. */
  @Column('boolean', { name: 'is_end' })
  isEnd!: boolean;

  /** Whole events. */
  @Column('text')
  text!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}

/** A message that was sent under a key of its client's, and the answer to it. */
@Entity('chat_idempotency_key')
export class ChatIdempotencyKey {
  @PrimaryColumn('uuid', { name: 'team_id' })
  teamId!: string;

  @PrimaryColumn('uuid', { name: 'user_id' })
  userId!: string;

  @PrimaryColumn('text')
  key!: string;

  /** The answer. */
  @Column('uuid', { name: 'message_id' })
  messageId!: string;

  /** SHA-256 of what was asked. */
  @Column('bytea', { name: 'request_hash' })
  requestHash!: Buffer;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
