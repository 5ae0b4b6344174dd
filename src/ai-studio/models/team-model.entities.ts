import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { JsonObject } from '../../platform/http';
import type { ModelCapabilities } from './model.entity';

/** Call settings that a team sets for a model. What is absent is left to the model. */
export interface ModelSettings {
  temperature?: number;
  topP?: number;
  topK?: number;
  presencePenalty?: number;
  frequencyPenalty?: number;
  seed?: number;
  maxOutputTokens?: number;
  /** Milliseconds to wait for the first part of an answer before the next candidate is asked. */
  firstPartTimeoutMs?: number;
  /** Settings of the provider's own, by AI SDK provider name. */
  providerOptions?: Record<string, JsonObject>;
}

/** A model that a team's own endpoint serves. */
@Entity('ai_team_provider_model')
export class TeamProviderModel {
  @PrimaryColumn('uuid', { name: 'team_id' })
  teamId!: string;

  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'team_provider_id' })
  teamProviderId!: string;

  @Column('text', { name: 'model_key' })
  modelKey!: string;

  @Column('text', { name: 'display_name' })
  displayName!: string;

  @Column('jsonb')
  capabilities!: ModelCapabilities;

  @Column('integer', { name: 'context_window', nullable: true })
  contextWindow!: number | null;

  @Column('integer', { name: 'max_output_tokens', nullable: true })
  maxOutputTokens!: number | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}

/** What a team set for a model: of the catalogue (`modelId`) or of its own endpoint (`teamProviderModelId`), never both. */
@Entity('ai_team_model')
export class TeamModel {
  @PrimaryColumn('uuid', { name: 'team_id' })
  teamId!: string;

  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'model_id', nullable: true })
  modelId!: string | null;

  @Column('uuid', { name: 'team_provider_model_id', nullable: true })
  teamProviderModelId!: string | null;

  @Column('boolean')
  enabled!: boolean;

  @Column('boolean', { name: 'is_default' })
  isDefault!: boolean;

  /** Fallback order, smallest first. */
  @Column('integer')
  priority!: number;

  @Column('jsonb')
  settings!: ModelSettings;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}

/** That AI Studio has set up a team. */
@Entity('ai_team')
export class AiTeam {
  @PrimaryColumn('uuid', { name: 'team_id' })
  teamId!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
