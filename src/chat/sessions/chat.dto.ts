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
  TextListField,
  TimeField,
  UuidField,
  type JsonObject,
} from '../../platform/http';
import { maxAgentSwitches } from './agent-switching';
import { messageStatuses, type MessageStatus } from './chat.entities';

const folderId = { optional: true, nullable: true, description: 'null for no folder' };
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
  @UuidField({ optional: true }) folderId?: string;
}

export class SessionChangesDto {
  @TextField({
    ...title,
    min: 0,
    optional: true,
    description: 'Never replaced by a generated one; empty for none',
  })
  title?: string;
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
  @UuidField(folderId) folderId?: string | null;
  @UuidField({
    optional: true,
    description: 'Shows another branch: the one that goes through this message, to its newest end',
  })
  headMessageId?: string;
}

/** REST: the id is in the path. */
export class UpdateSessionDto extends SessionChangesDto {}

export class UserMessageDto {
  @TextField({ max: 100, optional: true, description: 'Your own id for it: sent twice, it is taken once' })
  id?: string;
  @EnumField(['user']) role!: 'user';
  @JsonObjectListField({
    max: 100,
    description:
      "Parts of the AI SDK's UIMessage: { type: 'text', text } and { type: 'file', mediaType, filename?, url: 'data:…;base64,…' }: images, PDF and text files, each at most 10 MiB, together 20 MiB; url may be that of a file of this conversation, which is copied",
  })
  parts!: JsonObject[];
  @JsonObjectField({ optional: true }) metadata?: JsonObject;
}

/** `message` or `text`. */
export class SendMessageDto {
  @ObjectField(() => UserMessageDto, { optional: true }) message?: UserMessageDto;
  @TextField({ ...text, optional: true }) text?: string;
  @TextField({ ...modelId, optional: true, description: 'For this message only' }) modelId?: string;
  @UuidField({
    optional: true,
    nullable: true,
    description:
      'The message to follow: absent the end of what is shown, null a new beginning. To edit a message, send its new text with its parentId',
  })
  parentId?: string | null;
}

export class RegenerateDto {
  @TextField({ ...modelId, optional: true, description: 'For this answer only' }) modelId?: string;
}

/** tRPC */
export class SessionNameDto {
  @UuidField() sessionId!: string;
}

export class UpdateNamedSessionDto extends SessionChangesDto {
  @UuidField() sessionId!: string;
}

export class RegenerateMessageDto extends RegenerateDto {
  @UuidField() sessionId!: string;
  @UuidField() messageId!: string;
}

export class FindSessionsDto extends PageQuery {
  @TextField({
    optional: true,
    max: 200,
    description:
      'Words that all stand in the title or in one message, in any case; the last may be the beginning of one',
  })
  q?: string;
  @TextField({ optional: true, max: 36, description: 'Id of a folder, or none for those in no folder' })
  folderId?: string;
}

export class FindMessagesDto extends PageQuery {
  @UuidField({
    optional: true,
    description:
      'A message of the branch to read, which is read to its newest end; the one that is shown where absent',
  })
  branch?: string;
}

export class FindMessagesOfSessionDto extends FindMessagesDto {
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
  @UuidField({ nullable: true }) folderId!: string | null;
  @UuidField({ nullable: true, description: 'The last message of the branch that is shown' })
  headMessageId!: string | null;
  @TimeField() createdAt!: string;
  @TimeField() updatedAt!: string;
}

/** Where the words of a search were found. */
export class SessionMatchView {
  @UuidField({ nullable: true, description: 'The newest message that has them; null: only the title has' })
  messageId!: string | null;
  @TextField({
    min: 0,
    max: 10_000,
    nullable: true,
    description: 'What stands around them in it: plain text',
  })
  snippet!: string | null;
}

export class ListedSessionView extends SessionView {
  @ObjectField(() => SessionMatchView, { optional: true, description: 'With q' }) match?: SessionMatchView;
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
  @ObjectListField(() => ListedSessionView, { max: 200 }) items!: ListedSessionView[];
  @NextCursorField() nextCursor?: string;
}

/** A model that came before the one that answered. */
export class TriedModelView {
  @TextField({ max: 400 }) modelRef!: string;
  @EnumField(['PROVIDER_FAILED', 'MODEL_NOT_AVAILABLE']) code!: 'PROVIDER_FAILED' | 'MODEL_NOT_AVAILABLE';
  @TextField({ max: 1_000, description: 'Why it did not answer: safe to show' }) message!: string;
}

export class MessageView {
  @UuidField() id!: string;
  @UuidField({ nullable: true, description: 'The message before it; null begins a conversation' })
  parentId!: string | null;
  @EnumField(['user', 'assistant']) role!: 'user' | 'assistant';
  @JsonObjectListField({ max: 10_000, description: "Parts of the AI SDK's UIMessage" }) parts!: JsonObject[];
  @EnumField(messageStatuses) status!: MessageStatus;
  @TextField({ max: 400, optional: true, description: 'The model that answered' }) modelRef?: string;
  @ObjectListField(() => TriedModelView, {
    max: 200,
    optional: true,
    description: 'Models that came before it',
  })
  triedModels?: TriedModelView[];
  @UuidField({ optional: true }) executionId?: string;
  @JsonObjectField({ optional: true, description: 'Why a failed answer failed: code, message, details' })
  error?: JsonObject;
  @TimeField() createdAt!: string;
}

/** A message in its branch. */
export class BranchMessageView extends MessageView {
  @TextListField({
    max: 10_000,
    maxLength: 36,
    description:
      'Ids of all messages in its place, oldest first, itself among them. PATCH headMessageId shows another',
  })
  siblings!: string[];
}

export class MessagePageView {
  @ObjectListField(() => BranchMessageView, { max: 200 }) items!: BranchMessageView[];
  @NextCursorField() nextCursor?: string;
}
