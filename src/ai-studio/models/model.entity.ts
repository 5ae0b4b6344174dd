import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a model can do. Absent means unknown. */
export interface ModelCapabilities {
  text?: boolean;
  imageInput?: boolean;
  tools?: boolean;
  structuredOutput?: boolean;
  reasoning?: boolean;
  streaming?: boolean;
}

/** A model of the global catalogue. */
@Entity('ai_model')
export class Model {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text', { name: 'provider_id' })
  providerId!: string;

  /** As the provider spells it: `gpt-5-mini`. */
  @Column('text', { name: 'model_key' })
  modelKey!: string;

  @Column('text', { name: 'display_name' })
  displayName!: string;

  /** What the provider says; moved by sync. */
  @Column('text')
  status!: 'active' | 'archived';

  /** What the platform admin allows. */
  @Column('boolean')
  enabled!: boolean;

  @Column('jsonb')
  capabilities!: ModelCapabilities;

  /** Tokens; `null` where unknown. */
  @Column('integer', { name: 'context_window', nullable: true })
  contextWindow!: number | null;

  @Column('integer', { name: 'max_output_tokens', nullable: true })
  maxOutputTokens!: number | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
