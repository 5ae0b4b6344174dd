import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { InputBudget } from '../../ai-studio';

/** What was said in a conversation up to a message, in short. Written once; a longer one is another row. */
@Entity('chat_summary')
export class ChatSummary {
  @PrimaryColumn('uuid', { name: 'team_id' })
  teamId!: string;

  /** Made in order. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('uuid', { name: 'session_id' })
  sessionId!: string;

  /** The last message that is in it. It holds for every branch on which that message is. */
  @Column('uuid', { name: 'up_to_message_id' })
  upToMessageId!: string;

  @Column('text')
  text!: string;

  /** Of the text, estimated: any model may be sent it. */
  @Column('integer')
  tokens!: number;

  @Column('text', { name: 'model_ref' })
  modelRef!: string;

  @Column('uuid', { name: 'execution_id' })
  executionId!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}

/** What one model was sent of a conversation to give one answer: where it began, and why there. */
@Entity('chat_context')
export class ChatContext {
  @PrimaryColumn('uuid', { name: 'team_id' })
  teamId!: string;

  /** Made in order. */
  @PrimaryColumn('uuid')
  id!: string;

  /** The answer. */
  @Column('uuid', { name: 'message_id' })
  messageId!: string;

  @Column('text', { name: 'model_ref' })
  modelRef!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('uuid', { name: 'session_id' })
  sessionId!: string;

  /** What the tokens were counted with, as AI Studio names it. */
  @Column('text')
  tokenizer!: string;

  /** `null` where the model's context window is not known: then nothing is left out. */
  @Column('jsonb', { nullable: true })
  budget!: InputBudget | null;

  /** The oldest message that was sent. */
  @Column('uuid', { name: 'first_message_id' })
  firstMessageId!: string;

  /** Messages that were sent, and that were not. */
  @Column('integer')
  sent!: number;

  @Column('integer', { name: 'left_out' })
  leftOut!: number;

  /** The summary that stood for what was left out. */
  @Column('uuid', { name: 'summary_id', nullable: true })
  summaryId!: string | null;

  /** Of the note that says what was left out, the summary in it; 0 where nothing was. */
  @Column('integer', { name: 'note_tokens' })
  noteTokens!: number;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
