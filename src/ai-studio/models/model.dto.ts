import {
  BooleanField,
  BooleanQueryField,
  EnumField,
  IntegerField,
  ObjectField,
  ObjectListField,
  PageQuery,
  TextField,
  UuidField,
} from '../../platform/http';

const tokens = { min: 1, max: 100_000_000, optional: true };
const flag = { optional: true, nullable: true };
export const modelKeyField = {
  max: 300,
  description: 'The model as the provider spells it',
  example: 'gpt-5-mini',
};
const providerIdField = { max: 100, example: 'openai' };

/** What a model can do; what is left out is unknown. */
export class CapabilitiesDto {
  @BooleanField({ optional: true }) text?: boolean;
  @BooleanField({ optional: true }) imageInput?: boolean;
  @BooleanField({ optional: true }) tools?: boolean;
  @BooleanField({ optional: true }) structuredOutput?: boolean;
  @BooleanField({ optional: true }) reasoning?: boolean;
  @BooleanField({ optional: true }) streaming?: boolean;
}

export class CreateModelDto {
  @TextField(providerIdField) providerId!: string;
  @TextField(modelKeyField) modelKey!: string;
  @TextField({ max: 200, example: 'GPT-5 mini' }) displayName!: string;
  @ObjectField(() => CapabilitiesDto, { optional: true }) capabilities?: CapabilitiesDto;
  @IntegerField({ ...tokens, description: 'Tokens of prompt and answer together' }) contextWindow?: number;
  @IntegerField({ ...tokens, description: 'Most tokens of one answer' }) maxOutputTokens?: number;
}

export class ModelChangesDto {
  @TextField({ max: 200, optional: true }) displayName?: string;
  @EnumField(['active', 'archived'], { optional: true }) status?: 'active' | 'archived';
  @BooleanField({ optional: true, description: 'Whether teams may enable it' }) enabled?: boolean;
  @ObjectField(() => CapabilitiesDto, { optional: true }) capabilities?: CapabilitiesDto;
  @IntegerField(tokens) contextWindow?: number;
  @IntegerField(tokens) maxOutputTokens?: number;
}

/** REST: the id is in the path. */
export class UpdateModelDto extends ModelChangesDto {}

const modelId = { max: 400, description: 'Id, or <providerId>/<modelKey>', example: 'sandbox/echo' };

export class ModelNameDto {
  @TextField(modelId) modelId!: string;
}

/** tRPC: changes and the model that they are for. */
export class UpdateNamedModelDto extends ModelChangesDto {
  @TextField(modelId) modelId!: string;
}

export class FindModelsDto extends PageQuery {
  @TextField({ ...providerIdField, optional: true, description: 'Only of this provider' }) provider?: string;
  @EnumField(['active', 'archived'], { optional: true }) status?: 'active' | 'archived';
  @BooleanQueryField({ optional: true }) enabled?: boolean;
  @TextField({ max: 200, optional: true, description: 'Part of the name or key, any case' }) q?: string;
}

/** A model of the global catalogue. */
export class ModelView {
  @UuidField() id!: string;
  @TextField(providerIdField) providerId!: string;
  @TextField(modelKeyField) modelKey!: string;
  @TextField({ max: 400, example: 'openai/gpt-5-mini' }) ref!: string;
  @TextField({ max: 200 }) displayName!: string;
  @EnumField(['active', 'archived'], { description: 'What the provider says' }) status!:
    'active' | 'archived';
  @BooleanField({ description: 'Whether teams may enable it' }) enabled!: boolean;
  @ObjectField(() => CapabilitiesDto) capabilities!: CapabilitiesDto;
  @IntegerField({ min: 1, max: 100_000_000, ...flag, description: 'null where unknown' }) contextWindow!:
    number | null;
  @IntegerField({ min: 1, max: 100_000_000, ...flag, description: 'null where unknown' }) maxOutputTokens!:
    number | null;
}

export class ModelPageView {
  @ObjectListField(() => ModelView, { max: 200 }) items!: ModelView[];
  @TextField({ max: 512, optional: true }) nextCursor?: string;
}
