import {
  BooleanField,
  BooleanQueryField,
  EnumField,
  IntegerField,
  NextCursorField,
  ObjectField,
  ObjectListField,
  PageQuery,
  TextField,
  TimeField,
  UuidField,
} from '../../platform/http';
import { PriceView } from '../prices/price.dto';
import { modelPurposes, type ModelPurpose } from './model.entity';

const tokens = { min: 1, max: 100_000_000, optional: true };
const flag = { optional: true, nullable: true };
export const modelKeyField = {
  max: 300,
  description: 'The model as the provider spells it',
  example: 'gpt-5-mini',
};
const providerIdField = { max: 100, example: 'openai' };

export const purposeField = {
  values: modelPurposes,
  options: { description: 'What it is for; teams can enable chat models only' },
};

/** What a model can do; what is left out is unknown. */
export class CapabilitiesDto {
  @BooleanField({ optional: true }) text?: boolean;
  @BooleanField({ optional: true }) imageInput?: boolean;
  @BooleanField({ optional: true }) pdfInput?: boolean;
  @BooleanField({ optional: true }) tools?: boolean;
  @BooleanField({ optional: true }) structuredOutput?: boolean;
  @BooleanField({ optional: true }) reasoning?: boolean;
  @BooleanField({ optional: true }) streaming?: boolean;
}

export class CreateModelDto {
  @TextField(providerIdField) providerId!: string;
  @TextField(modelKeyField) modelKey!: string;
  @TextField({ max: 200, example: 'GPT-5 mini' }) displayName!: string;
  @EnumField(modelPurposes, { optional: true, description: '`chat` where absent' }) purpose?: ModelPurpose;
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
  @EnumField(modelPurposes, { optional: true, description: 'Only for this' }) purpose?: ModelPurpose;
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
  @ObjectField(() => PriceView, { optional: true, description: 'Absent where unknown' }) price?: PriceView;
}

/** A model of the catalogue with where it is known from. */
export class CatalogueEntryView extends ModelView {
  @EnumField(purposeField.values, purposeField.options) purpose!: ModelPurpose;
  @TimeField({ nullable: true }) releasedAt!: string | null;
  @TimeField({ nullable: true }) deprecatedAt!: string | null;
  @TextField({ max: 100, nullable: true }) knowledgeCutoff!: string | null;
  @EnumField(['manual', 'bundled', 'provider'], {
    description: "An admin, the data that came with this version, or the provider's own list",
  })
  source!: 'manual' | 'bundled' | 'provider';
  @TimeField({ nullable: true, description: 'Of what time that is' }) sourceAt!: string | null;
}

export class ModelPageView {
  @ObjectListField(() => CatalogueEntryView, { max: 200 }) items!: CatalogueEntryView[];
  @NextCursorField() nextCursor?: string;
}
