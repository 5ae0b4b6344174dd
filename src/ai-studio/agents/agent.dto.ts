import {
  IntegerField,
  NextCursorField,
  ObjectField,
  ObjectListField,
  PageQuery,
  TextField,
  TextListField,
  TimeField,
  UuidField,
} from '../../platform/http';
import { ModelSettingsDto } from '../models/team-model.dto';

const name = { max: 100, example: 'Support' };
const description = { min: 0, max: 2_000, description: 'For people: what the agent is for' };
const instructions = {
  max: 50_000,
  description:
    "A template: {{userName}}, {{teamName}}, {{userLanguage}}, {{date}} and the agent's own variables; \\{{ is a literal {{",
  example: 'You answer questions of the customers of {{company}}.',
};
const modelId = {
  max: 400,
  nullable: true,
  description: "Id, or <providerId>/<modelKey>; null follows the team's order of models",
  example: 'sandbox/echo',
};
const libraryIds = {
  max: 20,
  maxLength: 36,
  description: 'UUIDs. There are no libraries yet: leave it empty',
};
const version = { min: 1, max: 2_147_483_647 };

/** A value that the instructions name as `{{name}}`. */
export class AgentVariableDto {
  @TextField({ max: 40, description: 'Letters and digits, a lower-case letter first', example: 'company' })
  name!: string;
  @TextField({ min: 0, max: 500, optional: true, description: 'For people: what to put here' })
  description?: string;
  @TextField({
    min: 0,
    max: 2_000,
    description: 'What stands there where a consumer gives no value',
    example: 'Acme',
  })
  default!: string;
}

const variables = { max: 50, description: 'Besides the built-in ones' };

export class CreateAgentDto {
  @TextField(name) name!: string;
  @TextField({ ...description, optional: true }) description?: string;
  @TextField(instructions) instructions!: string;
  @TextField({ ...modelId, optional: true }) modelId?: string | null;
  @ObjectField(() => ModelSettingsDto, { optional: true }) settings?: ModelSettingsDto;
  @TextListField({ ...libraryIds, optional: true }) libraryIds?: string[];
  @ObjectListField(() => AgentVariableDto, { ...variables, optional: true }) variables?: AgentVariableDto[];
}

/** What is left out stays; a list or the settings are replaced as a whole. */
export class AgentChangesDto {
  @TextField({ ...name, optional: true }) name?: string;
  @TextField({ ...description, optional: true }) description?: string;
  @TextField({ ...instructions, optional: true }) instructions?: string;
  @TextField({ ...modelId, optional: true }) modelId?: string | null;
  @ObjectField(() => ModelSettingsDto, { optional: true }) settings?: ModelSettingsDto;
  @TextListField({ ...libraryIds, optional: true }) libraryIds?: string[];
  @ObjectListField(() => AgentVariableDto, { ...variables, optional: true }) variables?: AgentVariableDto[];
  @IntegerField({
    ...version,
    optional: true,
    description: 'The version that you read: where another is the current one, nothing is changed',
  })
  version?: number;
}

/** REST: the id is in the path. */
export class UpdateAgentDto extends AgentChangesDto {}

export class RollBackAgentDto {
  @IntegerField({ ...version, description: 'The version to publish again' }) version!: number;
  @IntegerField({
    ...version,
    optional: true,
    description: 'The current version that you read: where another is current by now, nothing is changed',
  })
  currentVersion?: number;
}

export class FindAgentsDto extends PageQuery {
  @TextField({ max: 200, optional: true, description: 'Part of the name, any case' }) q?: string;
}

export class FindAgentVersionsDto extends PageQuery {}

/** tRPC */
export class AgentNameDto {
  @UuidField() agentId!: string;
}

export class UpdateNamedAgentDto extends AgentChangesDto {
  @UuidField() agentId!: string;
}

export class RollBackNamedAgentDto extends RollBackAgentDto {
  @UuidField() agentId!: string;
}

export class FindVersionsOfAgentDto extends PageQuery {
  @UuidField() agentId!: string;
}

class AgentContentView {
  @IntegerField(version) version!: number;
  @TextField(name) name!: string;
  @TextField(description) description!: string;
  @TextField(instructions) instructions!: string;
  @UuidField({ nullable: true, description: "null follows the team's order of models" }) modelId!:
    string | null;
  @ObjectField(() => ModelSettingsDto) settings!: ModelSettingsDto;
  @TextListField(libraryIds) libraryIds!: string[];
  @ObjectListField(() => AgentVariableDto, variables) variables!: AgentVariableDto[];
}

/** An agent in its current version. */
export class AgentView extends AgentContentView {
  @UuidField() id!: string;
  @TimeField() createdAt!: string;
  @TimeField({ description: 'When the current version was published' }) updatedAt!: string;
}

export class AgentPageView {
  @ObjectListField(() => AgentView, { max: 200 }) items!: AgentView[];
  @NextCursorField() nextCursor?: string;
}

/** A version as it was published. */
export class AgentVersionView extends AgentContentView {
  @IntegerField({ ...version, optional: true, description: 'The version that was published again' })
  rolledBackFrom?: number;
  @UuidField({ description: 'The user who published it' }) createdBy!: string;
  @TimeField() createdAt!: string;
}

export class AgentVersionPageView {
  @ObjectListField(() => AgentVersionView, { max: 200 }) items!: AgentVersionView[];
  @NextCursorField() nextCursor?: string;
}
