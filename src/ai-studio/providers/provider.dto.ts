import {
  BooleanField,
  EnumField,
  IntegerField,
  ObjectField,
  ObjectListField,
  TextField,
  UuidField,
} from '../../platform/http';
import { CapabilitiesDto, modelKeyField } from '../models/model.dto';
import { providerKindNames } from './provider-kinds';

const baseUrl = {
  max: 500,
  description: 'Address that the AI SDK appends its paths to',
  example: 'https://api.openai.com/v1',
};
const displayName = { max: 100, example: 'OpenAI' };
const id = { max: 40, description: 'Short name, lower case', example: 'openai' };

export class CreateProviderDto {
  @TextField(id) id!: string;
  @EnumField(providerKindNames, { description: 'The protocol that it speaks' }) kind!: string;
  @TextField(displayName) displayName!: string;
  @TextField({ ...baseUrl, optional: true }) baseUrl?: string;
}

export class ProviderChangesDto {
  @TextField({ ...displayName, optional: true }) displayName?: string;
  @TextField({
    ...baseUrl,
    optional: true,
    nullable: true,
    description: "null goes back to the vendor's address",
  })
  baseUrl?: string | null;
  @EnumField(['active', 'disabled'], { optional: true }) status?: 'active' | 'disabled';
}

/** REST: the id is in the path. */
export class UpdateProviderDto extends ProviderChangesDto {}

/** tRPC */
export class UpdateNamedProviderDto extends ProviderChangesDto {
  @TextField({ max: 100 }) providerId!: string;
}

export class ProviderNameDto {
  @TextField({ max: 100, description: 'Short name of a global provider, or UUID of one of the team' })
  providerId!: string;
}

/** A model that a team's own endpoint serves. */
export class TeamProviderModelDto {
  @TextField(modelKeyField) modelKey!: string;
  @TextField({ max: 200 }) displayName!: string;
  @ObjectField(() => CapabilitiesDto, { optional: true }) capabilities?: CapabilitiesDto;
  @IntegerField({ min: 1, max: 100_000_000, optional: true }) contextWindow?: number;
  @IntegerField({ min: 1, max: 100_000_000, optional: true }) maxOutputTokens?: number;
}

export class CreateTeamProviderDto {
  @TextField(displayName) displayName!: string;
  @TextField(baseUrl) baseUrl!: string;
  @ObjectListField(() => TeamProviderModelDto, {
    max: 500,
    optional: true,
    description: 'The models that it serves',
  })
  models?: TeamProviderModelDto[];
}

export class TeamProviderChangesDto {
  @TextField({ ...displayName, optional: true }) displayName?: string;
  @TextField({ ...baseUrl, optional: true }) baseUrl?: string;
  @ObjectListField(() => TeamProviderModelDto, {
    max: 500,
    optional: true,
    description: 'The whole new list',
  })
  models?: TeamProviderModelDto[];
}

/** REST: the id is in the path. */
export class UpdateTeamProviderDto extends TeamProviderChangesDto {}

/** tRPC */
export class UpdateNamedTeamProviderDto extends TeamProviderChangesDto {
  @UuidField() providerId!: string;
}

class TeamProviderModelView {
  @UuidField() id!: string;
  @TextField(modelKeyField) modelKey!: string;
  @TextField({ max: 400 }) ref!: string;
  @TextField({ max: 200 }) displayName!: string;
}

export class ProviderView {
  @TextField({ max: 100 }) id!: string;
  @EnumField(providerKindNames) kind!: string;
  @TextField(displayName) displayName!: string;
  @TextField(baseUrl) baseUrl!: string;
  @EnumField(['active', 'disabled']) status!: 'active' | 'disabled';
  @EnumField(['global', 'team'], { description: 'Whether every team can use it or only this one' }) scope!:
    'global' | 'team';
  @BooleanField({ description: 'Whether its models cannot be used without a key' }) needsKey!: boolean;
  @ObjectListField(() => TeamProviderModelView, {
    max: 500,
    optional: true,
    description: "Of a team's own provider",
  })
  models?: TeamProviderModelView[];
}

export class ProviderListView {
  @ObjectListField(() => ProviderView, { max: 1_000 }) items!: ProviderView[];
}
