import { v7 as uuidv7 } from 'uuid';
import { cutText, type Scope } from '@kdx/shared';
import type { ExecutionConfig, InputKind } from '../../ai-studio';
import { toFileSize, toFileUrl } from '../files/file-url';
import { kindOf } from '../files/media-types';
import type { NewFile } from '../files/new-file';
import type { ChatMessage } from '../sessions/chat.entities';
import type { NewMessages, Place } from '../sessions/message.repository';
import type { NewUserMessage, SentUserMessage } from './user-message';

/** What a user asks to be answered: a new question, or one that there is, where `question` is absent. */
export interface Turn<Question extends SentUserMessage = SentUserMessage> {
  question?: Question | undefined;
  /** The question that there is. */
  repeated?: Pick<ChatMessage, 'id' | 'parts'>;
  place: Place;
  /** What the question holds beside text. */
  inputs: InputKind[];
  modelId?: string | undefined;
  /** The client's name of an earlier question, which means this one from now on: it was edited. */
  takenName?: string | undefined;
}

/** One whose question has the content of all its files. */
export type FilledTurn = Turn<NewUserMessage>;

const titleLength = 80;

/** `parentId` is the message to follow: absent the end of what is shown, `null` a new beginning. */
export function toNewTurn(
  question: SentUserMessage,
  parentId: string | null | undefined,
  modelId: string | undefined,
): Turn {
  const place: Place = parentId === undefined ? { after: 'head' } : { after: 'message', messageId: parentId };
  return { question, place, inputs: inputsOf(question.parts), modelId };
}

/** Another answer to a question. */
export function toRepeatedTurn({ id, parts }: ChatMessage, modelId: string | undefined): Turn {
  return {
    repeated: { id, parts },
    place: { after: 'question', messageId: id },
    inputs: inputsOf(parts),
    modelId,
  };
}

/** What is stored of a turn before its model is called. */
export function toNewMessages(
  { teamId, userId }: Scope,
  sessionId: string,
  { question: asked, place, takenName }: FilledTurn,
  execution: ExecutionConfig,
): NewMessages {
  const now = new Date();
  const common = {
    teamId,
    userId,
    sessionId,
    triedModels: null,
    error: null,
    instanceId: null,
    createdAt: now,
    updatedAt: now,
  };
  const files = asked?.parts.filter((part) => 'content' in part) ?? [];
  const question: ChatMessage | undefined = asked && {
    ...common,
    id: uuidv7(),
    parentId: null, // where it goes, the database says
    role: 'user',
    parts: asked.parts.map((part) => ('content' in part ? toFilePart(sessionId, part) : part)),
    status: 'complete',
    modelRef: null,
    executionId: null,
    clientId: asked.clientId,
  };
  const answer: ChatMessage = {
    ...common,
    id: uuidv7(),
    parentId: question?.id ?? (place.after === 'head' ? null : place.messageId),
    role: 'assistant',
    parts: [],
    status: 'streaming',
    modelRef: execution.getModelRef(),
    executionId: execution.id,
    clientId: null,
  };
  return { question, answer, place, files, takenName, title: toTitle(asked?.text, files) };
}

/** Once they are stored: an answer may wait for its turn to be sent files, and has to hold none meanwhile. */
export function letGoOfFiles({ question }: FilledTurn): void {
  for (const part of question?.parts ?? []) if ('content' in part) part.content = Buffer.alloc(0);
}

function toTitle(text: string = '', [file]: NewFile[]): string {
  return cutText(text.replace(/\s+/g, ' ').trim() || (file?.filename ?? ''), titleLength);
}

/** As a UI message has it: whoever reads it gets the bytes from its URL. */
function toFilePart(sessionId: string, { id, mediaType, filename, content }: NewFile): object {
  return {
    type: 'file',
    mediaType,
    ...(filename === null ? {} : { filename }),
    url: toFileUrl(sessionId, id),
    providerMetadata: toFileSize(content.length),
  };
}

function inputsOf(parts: object[]): InputKind[] {
  const kinds = parts.map((part) =>
    'mediaType' in part && typeof part.mediaType === 'string' ? kindOf(part.mediaType) : undefined,
  );
  return [...new Set(kinds)].filter((kind) => kind === 'image' || kind === 'pdf');
}
