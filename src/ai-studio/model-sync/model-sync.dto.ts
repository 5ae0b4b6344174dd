import {
  BooleanField,
  EnumField,
  IntegerField,
  JsonObjectField,
  JsonObjectListField,
  JsonValueField,
  NextCursorField,
  ObjectField,
  ObjectListField,
  PageQuery,
  TextField,
  TextListField,
  TimeField,
  UuidField,
} from '../../platform/http';
import { CapabilitiesDto, purposeField } from '../models/model.dto';
import type { ModelPurpose } from '../models/model.entity';
import type { CataloguePrice, Quarantined } from './model-sync-diff';

const providerIdField = { max: 100, example: 'openai' };
const most = 50_000;
const tokens = { min: 1, max: 2_147_483_647, nullable: true };
const nullable = { nullable: true };
const keys = { optional: true, max: most, maxLength: 600 };

/** What of a diff is accepted. A list that is left out accepts all of its kind; of what is quarantined nothing, unless named. */
export class AcceptedPartDto {
  @TextListField({ ...keys, description: 'Model keys' }) newModels?: string[];
  @TextListField({ ...keys, description: 'Model keys' }) updatedModels?: string[];
  @TextListField({ ...keys, description: 'Model keys' }) archivedModels?: string[];
  @TextListField({ ...keys, description: '`<modelKey>#<field>`' }) quarantined?: string[];
}

export class ApplyDiffDto {
  @UuidField({ description: 'The diff that was reviewed' }) diffId!: string;
  @ObjectField(() => AcceptedPartDto, {
    optional: true,
    description: 'All but what is quarantined where absent',
  })
  accept?: AcceptedPartDto;
}

export class ProviderNameDto {
  @TextField(providerIdField) providerId!: string;
}

export class ApplyProviderDiffDto extends ApplyDiffDto {
  @TextField(providerIdField) providerId!: string;
}

export class FindSyncRunsDto extends PageQuery {
  @TextField({ ...providerIdField, optional: true, description: 'Only of this provider' }) provider?: string;
}

export class CatalogueModelView {
  @TextField({ max: 300 }) modelKey!: string;
  @TextField({ max: 200 }) displayName!: string;
  @EnumField(['active', 'archived']) status!: 'active' | 'archived';
  @EnumField(purposeField.values, purposeField.options) purpose!: ModelPurpose;
  @ObjectField(() => CapabilitiesDto) capabilities!: CapabilitiesDto;
  @IntegerField(tokens) contextWindow!: number | null;
  @IntegerField(tokens) maxOutputTokens!: number | null;
  @TimeField(nullable) releasedAt!: string | null;
  @TimeField(nullable) deprecatedAt!: string | null;
  @TextField({ max: 100, ...nullable }) knowledgeCutoff!: string | null;
  @JsonObjectField({
    ...nullable,
    description: 'Rates in nano-USD for a million tokens, and where they come from',
  })
  price!: CataloguePrice | null;
}

export class FieldChangeView {
  @TextField({ max: 100, description: 'Of the model', example: 'contextWindow' }) field!: string;
  @JsonValueField({ ...nullable, description: 'What the catalogue has' }) from!: unknown;
  @JsonValueField({ ...nullable, description: 'What the provider says' }) to!: unknown;
}

export class UpdatedModelView {
  @ObjectField(() => CatalogueModelView) existing!: CatalogueModelView;
  @ObjectField(() => CatalogueModelView) updated!: CatalogueModelView;
  @ObjectListField(() => FieldChangeView, { max: 50 }) changes!: FieldChangeView[];
}

export class QuarantinedView extends FieldChangeView implements Quarantined {
  @TextField({ max: 400, description: 'Model key' }) model!: string;
  @TextField({ max: 400, description: 'Why a person has to look' }) reason!: string;
  @BooleanField({ description: 'Whether it can be accepted, as `<model>#<field>`' }) acceptable!: boolean;
}

export class AffectedView {
  @JsonObjectListField({ max: most }) teams!: { id: string; name: string }[];
  @JsonObjectListField({ max: most }) agents!: { id: string; name: string; teamId: string }[];
  @JsonObjectListField({ max: most }) defaults!: { teamId: string; modelRef: string }[];
}

/** What a provider says, compared with the catalogue; nothing is changed until it is applied. */
export class ModelSyncDiffView {
  @UuidField() id!: string;
  @TextField(providerIdField) providerId!: string;
  @TimeField() takenAt!: string;
  @IntegerField({
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    description: 'Of the catalogue that it was compared with',
  })
  baseVersion!: number;
  @ObjectListField(() => CatalogueModelView, { max: most }) newModels!: CatalogueModelView[];
  @ObjectListField(() => UpdatedModelView, { max: most }) updatedModels!: UpdatedModelView[];
  @ObjectListField(() => CatalogueModelView, { max: most }) archivedModels!: CatalogueModelView[];
  @ObjectField(() => AffectedView, { description: 'Who uses what would be archived' })
  affected!: AffectedView;
  @ObjectListField(() => QuarantinedView, { max: most, description: 'Not applied unless a person names it' })
  quarantined!: QuarantinedView[];
}

const count = { min: 0, max: most, optional: true };

export class SyncCountsView {
  @IntegerField(count) new?: number;
  @IntegerField(count) updated?: number;
  @IntegerField(count) archived?: number;
  @IntegerField(count) prices?: number;
  @IntegerField(count) quarantined?: number;
}

export class SyncProgressView {
  @IntegerField(count) pages?: number;
  @IntegerField(count) models?: number;
}

export class SyncRunView {
  @UuidField() id!: string;
  @TextField(providerIdField) providerId!: string;
  @UuidField({ ...nullable, description: 'What was found or applied; null where it failed before' }) diffId!:
    string | null;
  @EnumField(['diff', 'apply']) action!: 'diff' | 'apply';
  @EnumField(['user', 'schedule', 'terminal'], {
    description: 'A person over the API, the clock, or a command',
  })
  startedBy!: 'user' | 'schedule' | 'terminal';
  @UuidField({ ...nullable, description: 'Who started it, where a person did' }) userId!: string | null;
  @EnumField(['running', 'succeeded', 'failed']) outcome!: 'running' | 'succeeded' | 'failed';
  @ObjectField(() => SyncProgressView, { description: 'Read so far' }) progress!: SyncProgressView;
  @ObjectField(() => SyncCountsView, { description: 'Models that were found or written' })
  counts!: SyncCountsView;
  @TextField({ max: 2_000, ...nullable, description: 'Why it failed' }) error!: string | null;
  @TimeField() startedAt!: string;
  @TimeField(nullable) finishedAt!: string | null;
}

export class SyncRunPageView {
  @ObjectListField(() => SyncRunView, { max: 200 }) items!: SyncRunView[];
  @NextCursorField() nextCursor?: string;
}
