import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The text of a section that was sent to a model, kept once however often it was sent. Never changed. */
@Entity('ai_prompt_text')
export class StoredPromptText {
  @PrimaryColumn('uuid', { name: 'team_id' })
  teamId!: string;

  @PrimaryColumn('uuid')
  id!: string;

  /** Whose own text it is; `null` for what the team shares. */
  @Column('uuid', { name: 'user_id', nullable: true })
  userId!: string | null;

  /** Of the text's UTF-8 bytes, in hexadecimal. */
  @Column('text')
  sha256!: string;

  @Column('text')
  text!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
