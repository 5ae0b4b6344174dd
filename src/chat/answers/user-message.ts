import { assertFitTogether, toNewFile, type FileReference, type NewFile } from '../files/new-file';
import { validationFailed, type JsonObject } from '../../platform/http';

/** What a user sends, checked by itself: the parts, in order, and the files among them. */
export interface SentUserMessage {
  parts: (TextPart | NewFile | FileReference)[];
  /** Where the parts stand in the request. */
  field: string;
  clientId: string | null;
  text: string;
}

/** What a user sends, ready to be stored. */
export interface NewUserMessage extends SentUserMessage {
  parts: (TextPart | NewFile)[];
}

/** A text part of the AI SDK's `UIMessage`. */
type TextPart = { type: 'text'; text: string };

interface MessageInput {
  id?: string | undefined;
  parts: JsonObject[];
}

const maxTextLength = 200_000;

/** Reads `message` or `text`. Throws `VALIDATION_FAILED`. */
export function toUserMessage({
  message,
  text,
}: {
  message?: MessageInput | undefined;
  text?: string | undefined;
}): SentUserMessage {
  if ((message === undefined) === (text === undefined))
    throw validationFailed([{ field: '', problem: 'send either message or text' }]);
  return message
    ? readParts(message, 'message')
    : readParts({ parts: [{ type: 'text', text: text ?? '' }] }, 'text');
}

/** Reads the message that stands in `field` of a request. Throws `VALIDATION_FAILED`. */
export function readParts({ id, parts: sent }: MessageInput, field: string): SentUserMessage {
  const isWhole = field === 'text';
  const parts = sent.map((part, index) => toPart(part, isWhole ? field : `${field}.parts.${index}`));
  const texts = parts.flatMap((part) => ('text' in part ? [part.text] : []));
  const text = texts.join('\n');
  const place = isWhole ? field : `${field}.parts`;
  if (text.trim() === '' && texts.length === parts.length)
    throw validationFailed([{ field: place, problem: 'must say something' }]);
  if (text.length > maxTextLength)
    throw validationFailed([{ field: place, problem: `must have at most ${maxTextLength} characters` }]);
  assertFitTogether(
    parts.map((part) => ('content' in part ? part.content.length : 0)),
    place,
  );
  return { parts, field: place, clientId: id ?? null, text };
}

function toPart(part: JsonObject, field: string): TextPart | NewFile | FileReference {
  if (part.type === 'file') return toNewFile(part, field);
  if (part.type !== 'text') throw validationFailed([{ field, problem: 'must be of type text or file' }]);
  if (typeof part.text !== 'string')
    throw validationFailed([{ field: `${field}.text`, problem: 'must be a string' }]);
  if (part.text.includes('\0'))
    throw validationFailed([{ field: `${field}.text`, problem: 'must not contain NUL' }]);
  return { type: 'text', text: part.text };
}
