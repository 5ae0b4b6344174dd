import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a model can do. Absent means unknown. */
export interface ModelCapabilities {
  text?: boolean;
  imageInput?: boolean;
  pdfInput?: boolean;
  tools?: boolean;
  structuredOutput?: boolean;
  reasoning?: boolean;
  streaming?: boolean;
}

/** What a model is for. Teams can enable `chat` models only; the others are kept apart. */
export const modelPurposes = ['chat', 'embedding', 'image', 'audio', 'moderation', 'other'] as const;
export type ModelPurpose = (typeof modelPurposes)[number];

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

  @Column('text')
  purpose!: ModelPurpose;

  @Column('timestamptz', { name: 'released_at', nullable: true })
  releasedAt!: Date | null;

  @Column('timestamptz', { name: 'deprecated_at', nullable: true })
  deprecatedAt!: Date | null;

  /** As the provider words it: `2025-03`. */
  @Column('text', { name: 'knowledge_cutoff', nullable: true })
  knowledgeCutoff!: string | null;

  /** Who says all this: an admin, the data that came with this version, or the provider's own list. */
  @Column('text')
  source!: 'manual' | 'bundled' | 'provider';

  /** Of what time it is; `null` where an admin wrote it. */
  @Column('timestamptz', { name: 'source_at', nullable: true })
  sourceAt!: Date | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
