import {
  BooleanField,
  EnumField,
  IntegerField,
  NextCursorField,
  NumberField,
  ObjectField,
  ObjectListField,
  PageQuery,
  TextField,
  TimeField,
  UuidField,
} from '../../platform/http';
import {
  layerNames,
  strategyNames,
  type LayerName,
  type PromptRole,
  type StrategyName,
} from '../prompts/layers';
import { executionOutcomes, type ExecutionOutcome } from './execution.entity';

const count = { min: 0, max: Number.MAX_SAFE_INTEGER, nullable: true };

export class FindExecutionsDto extends PageQuery {
  @TextField({ max: 40, optional: true, description: 'The app that ran it', example: 'chat' }) appId?: string;
  @UuidField({ optional: true, description: 'Members see their own whatever they ask' }) userId?: string;
  @TextField({ max: 400, optional: true, description: 'Id, or <providerId>/<modelKey>' }) modelId?: string;
  @TimeField({ optional: true, description: 'From this time on' }) from?: string;
  @TimeField({ optional: true, description: 'Before this time' }) to?: string;
}

const usageSources = ['provider', 'estimated', 'unknown'] as const;

/** Tokens. `inputTokens` and `outputTokens` are totals, of which the others are parts; `null` is unknown, never 0. */
export class UsageView {
  @IntegerField({ ...count, description: 'All that was sent, what came from or went into a cache included' })
  inputTokens!: number | null;
  @IntegerField({ ...count, description: "Of them, read from the provider's cache" }) cachedInputTokens!:
    number | null;
  @IntegerField({ ...count, description: "Of them, written to the provider's cache" }) cacheWriteTokens!:
    number | null;
  @IntegerField({ ...count, description: 'All that came back, reasoning included' }) outputTokens!:
    number | null;
  @IntegerField({ ...count, description: 'Of them, thought and not said' }) reasoningTokens!: number | null;
  @EnumField(usageSources, { description: 'Who says so: the provider, or our estimate' })
  source!: (typeof usageSources)[number];
}

export class AttemptView {
  @TextField({ max: 100 }) providerId!: string;
  @TextField({ max: 400 }) modelRef!: string;
  @EnumField(['answered', 'failed', 'skipped'], { description: '`skipped` could not be asked at all' })
  outcome!: 'answered' | 'failed' | 'skipped';
  @IntegerField({ min: 100, max: 599, optional: true, description: 'HTTP status of the provider' })
  status?: number;
  @TextField({ max: 400, optional: true, description: 'Why it failed or was skipped' }) reason?: string;
  @IntegerField({ min: 0, max: Number.MAX_SAFE_INTEGER, description: 'How long it took' }) ms!: number;
}

export class TimingsView {
  @IntegerField({
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    optional: true,
    description: 'Until the first part of the answer',
  })
  firstPartMs?: number;
  @IntegerField({ min: 0, max: Number.MAX_SAFE_INTEGER, optional: true, description: 'Until its end' })
  totalMs?: number;
}

/** One prepared execution that was run. */
export class ExecutionView {
  @UuidField() id!: string;
  @TextField({ max: 40, description: 'The app that ran it', example: 'chat' }) appId!: string;
  @UuidField({ description: 'For whom it ran' }) userId!: string;
  @TextField({ max: 100 }) providerId!: string;
  @TextField({ max: 400, description: 'The model that answered, or the last that was asked' })
  modelRef!: string;
  @UuidField({ nullable: true, description: 'null without an agent' }) agentId!: string | null;
  @IntegerField({ min: 1, max: 2_147_483_647, nullable: true }) agentVersion!: number | null;
  @EnumField(executionOutcomes, { description: '`running` until it has ended' }) outcome!: ExecutionOutcome;
  @ObjectField(() => UsageView) usage!: UsageView;
  @TextField({ max: 40, nullable: true, description: 'Decimal text; null where unknown' }) costNanoUsd!:
    string | null;
  @NumberField({ min: 0, max: 1e12, nullable: true, description: 'For display' }) usd!: number | null;
  @ObjectListField(() => AttemptView, { max: 500, description: 'Models that were asked, in this order' })
  attempts!: AttemptView[];
  @ObjectField(() => TimingsView) timings!: TimingsView;
  @TimeField() createdAt!: string;
}

class SentLayerView {
  @EnumField(layerNames, { description: 'Whose part of the prompt it is' }) layer!: LayerName;
  @TextField({ max: 200, description: 'Where the text comes from' }) source!: string;
  @IntegerField({
    min: 0,
    max: 2_147_483_647,
    optional: true,
    description: 'Version of that document or agent',
  })
  version?: number;
  @BooleanField({ description: 'Whether it was for this user alone' }) personal!: boolean;
  @TextField({ max: 64, description: "SHA-256 of the text's UTF-8 bytes, in hexadecimal" }) sha256!: string;
  @TextField({
    max: 1_000_000,
    nullable: true,
    description: "null where it is another user's own, or was deleted with that user",
  })
  text!: string | null;
}

/** What the model of an execution was told. */
export class ExecutionPromptView {
  @UuidField() executionId!: string;
  @TextField({ max: 400 }) modelRef!: string;
  @EnumField(strategyNames, { description: "The form that the model's family reads best" })
  strategy!: StrategyName;
  @EnumField(['system', 'user'], {
    description: 'Where it stood: as system message, or in front of the first user message',
  })
  role!: PromptRole;
  @BooleanField({
    description: 'False where the app sent something else than the prompt that was prepared for it',
  })
  asPrepared!: boolean;
  @TextField({
    max: 10_000_000,
    nullable: true,
    description: 'The whole text; null where a part of it is not shown to you',
  })
  system!: string | null;
  @ObjectListField(() => SentLayerView, { max: 10, description: 'In the order of the text' })
  layers!: SentLayerView[];
}

export class ExecutionNameDto {
  @UuidField() executionId!: string;
}

export class ExecutionPageView {
  @ObjectListField(() => ExecutionView, { max: 200 }) items!: ExecutionView[];
  @NextCursorField() nextCursor?: string;
}
