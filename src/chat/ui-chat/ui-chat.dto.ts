import {
  EnumField,
  JsonObjectField,
  JsonObjectListField,
  TextField,
  UuidField,
  type JsonObject,
} from '../../platform/http';

const chatId = { max: 100, description: "The client's own id of the conversation, or its UUID" };

export const triggers = ['submit-message', 'regenerate-message'] as const;

/** What `DefaultChatTransport` of the AI SDK sends, and what its `body` option may add. */
export class UiChatDto {
  @TextField(chatId) id!: string;
  @JsonObjectListField({
    max: 10_000,
    description:
      'UIMessages, oldest first. Of the last one all is read; of the others the ids, which say where it goes: what was said before, the server knows',
  })
  messages!: JsonObject[];
  @EnumField(triggers) trigger!: (typeof triggers)[number];
  @TextField({
    max: 100,
    optional: true,
    description:
      'submit-message: the message that was edited; regenerate-message: the answer to give anew, or its question',
  })
  messageId?: string;
  @TextField({
    max: 400,
    optional: true,
    description: 'For this answer only: id, or <providerId>/<modelKey>',
  })
  modelId?: string;
  @UuidField({ optional: true, description: 'Where this begins the conversation: its agent' })
  agentId?: string;
  @UuidField({ optional: true, description: 'Where this begins the conversation: its folder' })
  folderId?: string;
}

/** A message as `useChat` has it: one of its `messages`. */
export class UiMessageView {
  @TextField({ max: 100, description: "The client's id of a question, else ours" }) id!: string;
  @EnumField(['user', 'assistant']) role!: 'user' | 'assistant';
  @JsonObjectListField({ max: 10_000, description: "Parts of the AI SDK's UIMessage" }) parts!: JsonObject[];
  @JsonObjectField({
    description: 'What the stream says in its metadata, with status, parentId and siblings',
  })
  metadata!: JsonObject;
}
