import {
  BooleanField,
  EnumField,
  IntegerField,
  JsonObjectField,
  JsonObjectListField,
  NextCursorField,
  ObjectField,
  ObjectListField,
  PageQuery,
  TextField,
  TimeField,
  UuidField,
  type JsonObject,
} from '../../platform/http';
import { maxAgentSwitches } from './agent-switching';
import { messageStatuses, type MessageStatus } from './chat.entities';

const title = { max: 200, example: 'Holiday rules' };
const modelId = { max: 400, description: 'Id, or <providerId>/<modelKey>', example: 'sandbox/echo' };
const agentName = { max: 100, example: 'Support' };
const agentVersion = { min: 1, max: 2_147_483_647 };
const text = { max: 200_000, description: 'Plain text', example: 'Hello!' };

export class CreateSessionDto {
  @TextField({ ...title, optional: true, description: 'The beginning of the first message where absent' })
  title?: string;
  @TextField({ ...modelId, optional: true }) modelId?: string;
  @UuidField({ optional: true }) agentId?: string;
}

export class SessionChangesDto {
  @TextField({ ...title, optional: true }) title?: string;
  @TextField({
    ...modelId,
    optional: true,
    nullable: true,
    description: "null goes back to the user's preference, the agent's model or the team's default",
  })
  modelId?: string | null;
  @UuidField({
    optional: true,
    nullable: true,
    description:
      'null for none. The first one may always be set; a change to another, also after none, is AGENT_LOCKED unless the team configuration of chat has agentSwitching: allowed',
  })
  agentId?: string | null;
}

/** REST: the id is in the path. */
export class UpdateSessionDto extends SessionChangesDto {}

export class UserMessageDto {
  @TextField({ max: 100, optional: true, description: 'Your own id for it: sent twice, it is taken once' })
  id?: string;
  @EnumField(['user']) role!: 'user';
  @JsonObjectListField({ max: 100, description: "Parts of the AI SDK's UIMessage: { type: 'text', text }" })
  parts!: JsonObject[];
  @JsonObjectField({ optional: true }) metadata?: JsonObject;
}

/** `message` or `text`. */
export class SendMessageDto {
  @ObjectField(() => UserMessageDto, { optional: true }) message?: UserMessageDto;
  @TextField({ ...text, optional: true }) text?: string;
  @TextField({ ...modelId, optional: true, description: 'For this message only' }) modelId?: string;
}

/** tRPC */
export class SessionNameDto {
  @UuidField() sessionId!: string;
}

export class UpdateNamedSessionDto extends SessionChangesDto {
  @UuidField() sessionId!: string;
}

export class FindSessionsDto extends PageQuery {}

export class FindMessagesDto extends PageQuery {}

export class FindMessagesOfSessionDto extends PageQuery {
  @UuidField() sessionId!: string;
}

export class SendMessageToSessionDto extends SendMessageDto {
  @UuidField() sessionId!: string;
}

export class SessionView {
  @UuidField() id!: string;
  @TextField({ ...title, min: 0 }) title!: string;
  @UuidField({
    nullable: true,
    description: "null: the user's preference, then the agent's model, then the team's default",
  })
  modelId!: string | null;
  @UuidField({ nullable: true }) agentId!: string | null;
  @TimeField() createdAt!: string;
  @TimeField() updatedAt!: string;
}

export class SessionAgentView {
  @UuidField() id!: string;
  @TextField(agentName) name!: string;
  @IntegerField({
    ...agentVersion,
    description: 'That of its last answer, or of when it was set. It answers in its current version',
  })
  version!: number;
  @BooleanField({ description: 'True: deleted meanwhile, and the conversation goes on with this version' })
  isDeleted!: boolean;
}

/** A change of agent. All three of the agent are null where it was taken away. */
export class AgentSwitchView {
  @UuidField({ nullable: true }) agentId!: string | null;
  @TextField({ ...agentName, nullable: true, description: 'At that time' }) agentName!: string | null;
  @IntegerField({ ...agentVersion, nullable: true, description: 'At that time' }) agentVersion!:
    number | null;
  @UuidField({ nullable: true, description: 'The last message before it; null where there was none' })
  afterMessageId!: string | null;
  @TimeField() at!: string;
}

export class SessionDetailsView extends SessionView {
  @ObjectField(() => SessionAgentView, { nullable: true }) agent!: SessionAgentView | null;
  @ObjectListField(() => AgentSwitchView, {
    max: maxAgentSwitches,
    description: `The first agent and each change, oldest first; of more than ${maxAgentSwitches} the latest`,
  })
  agentSwitches!: AgentSwitchView[];
}

export class SessionPageView {
  @ObjectListField(() => SessionView, { max: 200 }) items!: SessionView[];
  @NextCursorField() nextCursor?: string;
}

export class MessageView {
  @UuidField() id!: string;
  @EnumField(['user', 'assistant']) role!: 'user' | 'assistant';
  @JsonObjectListField({ max: 10_000, description: "Parts of the AI SDK's UIMessage" }) parts!: JsonObject[];
  @EnumField(messageStatuses) status!: MessageStatus;
  @TextField({ max: 400, optional: true, description: 'The model that answered' }) modelRef?: string;
  @UuidField({ optional: true }) executionId?: string;
  @JsonObjectField({ optional: true, description: 'Why a failed answer failed: code, message, details' })
  error?: JsonObject;
  @TimeField() createdAt!: string;
}

export class MessagePageView {
  @ObjectListField(() => MessageView, { max: 200 }) items!: MessageView[];
  @NextCursorField() nextCursor?: string;
}
