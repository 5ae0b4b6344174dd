import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { SentPrompt } from './sent-prompt';

/** How a prepared execution ended; `running` until then. */
export const executionOutcomes = ['running', 'completed', 'stopped', 'failed', 'interrupted'] as const;
export type ExecutionOutcome = (typeof executionOutcomes)[number];

/** Where the token counts come from. Unknown usage is unknown, never 0. */
export type UsageSource = 'provider' | 'estimated' | 'unknown';

/** One candidate that was asked and did not answer, the one that did, or one that would have come before but could not be asked. */
export interface Attempt {
  providerId: string;
  modelRef: string;
  outcome: 'answered' | 'failed' | 'skipped';
  /** HTTP status of the provider, where there was one. */
  status?: number;
  /** Safe to show: from a closed list, never the provider's own words. */
  reason?: string;
  ms: number;
}

/** Milliseconds since the executor began. */
export interface ExecutionTimings {
  firstPartMs?: number;
  totalMs?: number;
}

/** One prepared execution that was run: who, with which model, what it used, how it ended. */
@Entity('ai_execution')
export class Execution {
  @PrimaryColumn('uuid', { name: 'team_id' })
  teamId!: string;

  @PrimaryColumn('uuid')
  id!: string;

  @Column('text', { name: 'app_id' })
  appId!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('text', { name: 'provider_id' })
  providerId!: string;

  @Column('uuid', { name: 'model_id' })
  modelId!: string;

  @Column('text', { name: 'model_ref' })
  modelRef!: string;

  @Column('uuid', { name: 'agent_id', nullable: true })
  agentId!: string | null;

  @Column('integer', { name: 'agent_version', nullable: true })
  agentVersion!: number | null;

  /** What the answering model was told; `null` of executions from before it was kept. */
  @Column('jsonb', { nullable: true })
  prompt!: SentPrompt | null;

  @Column('text')
  outcome!: ExecutionOutcome;

  @Column('bigint', { name: 'input_tokens', nullable: true })
  inputTokens!: number | null;

  @Column('bigint', { name: 'cached_input_tokens', nullable: true })
  cachedInputTokens!: number | null;

  @Column('bigint', { name: 'cache_write_tokens', nullable: true })
  cacheWriteTokens!: number | null;

  @Column('bigint', { name: 'output_tokens', nullable: true })
  outputTokens!: number | null;

  @Column('bigint', { name: 'reasoning_tokens', nullable: true })
  reasoningTokens!: number | null;

  @Column('text', { name: 'usage_source' })
  usageSource!: UsageSource;

  @Column('bigint', { name: 'cost_nano_usd', nullable: true })
  costNanoUsd!: number | null;

  /** The price it was charged by; `null` where none is known, or needed. */
  @Column('uuid', { name: 'price_id', nullable: true })
  priceId!: string | null;

  @Column('jsonb')
  attempts!: Attempt[];

  @Column('jsonb')
  timings!: ExecutionTimings;

  /** The process that runs it. */
  @Column('bigint', { name: 'instance_id' })
  instanceId!: number;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;
}
