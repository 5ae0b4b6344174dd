import {
  BooleanField,
  IntegerField,
  JsonObjectField,
  NextCursorField,
  NumberField,
  ObjectField,
  ObjectListField,
  PageQuery,
  TextField,
  TextListField,
  type JsonObject,
} from '../../platform/http';
import { ModelView } from './model.dto';

/** Call settings; what is left out is left to the model. A new value replaces all of the old settings. */
export class ModelSettingsDto {
  @NumberField({ min: 0, max: 2, optional: true }) temperature?: number;
  @NumberField({ min: 0, max: 1, optional: true }) topP?: number;
  @IntegerField({ min: 1, max: 10_000, optional: true }) topK?: number;
  @NumberField({ min: -2, max: 2, optional: true }) presencePenalty?: number;
  @NumberField({ min: -2, max: 2, optional: true }) frequencyPenalty?: number;
  @IntegerField({ min: 0, max: 2_147_483_647, optional: true }) seed?: number;
  @IntegerField({ min: 1, max: 10_000_000, optional: true, description: 'Most tokens of one answer' })
  maxOutputTokens?: number;
  @IntegerField({
    min: 100,
    max: 600_000,
    optional: true,
    description: 'Milliseconds to wait for the first part before the next model is asked; 60000 where absent',
  })
  firstPartTimeoutMs?: number;
  @JsonObjectField({
    optional: true,
    description: "The provider's own settings, by AI SDK provider name",
    example: { sandbox: { tokensPerSecond: 20 } },
  })
  providerOptions?: Record<string, JsonObject>;
}

export class TeamModelChangesDto {
  @BooleanField({ optional: true }) enabled?: boolean;
  @ObjectField(() => ModelSettingsDto, { optional: true }) settings?: ModelSettingsDto;
}

const modelId = { max: 400, description: 'Id, or <providerId>/<modelKey>', example: 'sandbox/echo' };

/** REST: the id is in the path. */
export class UpdateTeamModelDto extends TeamModelChangesDto {}

export class SetDefaultModelDto {
  @TextField(modelId) modelId!: string;
}

export class OrderTeamModelsDto {
  @TextListField({ max: 500, maxLength: 400, description: 'Exactly the enabled models, first choice first' })
  modelIds!: string[];
}

export class TestTeamModelDto {
  @TextField({ max: 4_000, optional: true, example: 'Say hello.' }) prompt?: string;
}

export class FindTeamModelsDto extends PageQuery {}

/** tRPC */
export class UpdateNamedTeamModelDto extends TeamModelChangesDto {
  @TextField(modelId) modelId!: string;
}

export class ToggleTeamModelDto {
  @TextField(modelId) modelId!: string;
  @BooleanField() enabled!: boolean;
}

export class TestNamedTeamModelDto extends TestTeamModelDto {
  @TextField(modelId) modelId!: string;
}

/** A model as a team has it. `enabled` is the team's own switch. */
export class TeamModelView extends ModelView {
  @BooleanField({ description: 'Whether it answers where nobody names a model' }) isDefault!: boolean;
  @IntegerField({
    min: 0,
    max: 1_000_000,
    nullable: true,
    description: 'Fallback order, smallest first; null while not enabled',
  })
  priority!: number | null;
  @ObjectField(() => ModelSettingsDto) settings!: ModelSettingsDto;
  @BooleanField({ description: 'Whether a message would be answered by it now' }) usable!: boolean;
  @TextField({
    max: 1_000,
    optional: true,
    description: 'Why it is not usable, and which switch changes that',
  })
  reason?: string;
}

export class TeamModelPageView {
  @ObjectListField(() => TeamModelView, { max: 200 }) items!: TeamModelView[];
  @NextCursorField() nextCursor?: string;
}

export class TeamModelListView {
  @ObjectListField(() => TeamModelView, { max: 500 }) items!: TeamModelView[];
}

/** What a real call through the consumer's path gave. */
export class ModelTestView {
  @BooleanField({ description: 'Whether it answered' }) ok!: boolean;
  @IntegerField({ min: 0, max: 10_000_000 }) latencyMs!: number;
  @TextField({ max: 10_000, min: 0, optional: true, description: 'What it said' }) text?: string;
  @TextField({ max: 1_000, optional: true, description: 'Why it did not answer' }) error?: string;
}
