import { maxFilesBytes, toNewFile, type NewFile } from '../files/new-file';
import { validationFailed, type JsonObject } from '../../platform/http';

/** What a user sends, ready to be stored: the parts, in order, and the files among them. */
export interface NewUserMessage {
  parts: (TextPart | NewFile)[];
  clientId: string | null;
  text: string;
}

/** A text part of the AI SDK's `UIMessage`. */
type TextPart = { type: 'text'; text: string };

interface SentMessage {
  id?: string | undefined;
  parts: JsonObject[];
}

const maxTextLength = 200_000;

/** Reads `message` or `text`. Throws `VALIDATION_FAILED`. */
export function toUserMessage({
  message,
  text,
}: {
  message?: SentMessage | undefined;
  text?: string | undefined;
}): NewUserMessage {
  if ((message === undefined) === (text === undefined))
    throw validationFailed([{ field: '', problem: 'send either message or text' }]);
  return message
    ? readParts(message, 'message')
    : readParts({ parts: [{ type: 'text', text: text ?? '' }] }, 'text');
}

/** Reads the message that stands in `field` of a request. Throws `VALIDATION_FAILED`. */
export function readParts({ id, parts: sent }: SentMessage, field: string): NewUserMessage {
  const isWhole = field === 'text';
  const parts = sent.map((part, index) => toPart(part, isWhole ? field : `${field}.parts.${index}`));
  const texts = parts.flatMap((part) => ('text' in part ? [part.text] : []));
  const files = parts.filter((part) => 'content' in part);
  const text = texts.join('\n');
  const place = isWhole ? field : `${field}.parts`;
  if (text.trim() === '' && files.length === 0)
    throw validationFailed([{ field: place, problem: 'must say something' }]);
  if (text.length > maxTextLength)
    throw validationFailed([{ field: place, problem: `must have at most ${maxTextLength} characters` }]);
  if (files.reduce((sum, { content }) => sum + content.length, 0) > maxFilesBytes)
    throw validationFailed([
      { field: place, problem: `must hold files of at most ${maxFilesBytes} bytes together` },
    ]);
  return { parts, clientId: id ?? null, text };
}

function toPart(part: JsonObject, field: string): TextPart | NewFile {
  if (part.type === 'file') return toNewFile(part, field);
  if (part.type !== 'text') throw validationFailed([{ field, problem: 'must be of type text or file' }]);
  if (typeof part.text !== 'string')
    throw validationFailed([{ field: `${field}.text`, problem: 'must be a string' }]);
  if (part.text.includes('\0'))
    throw validationFailed([{ field: `${field}.text`, problem: 'must not contain NUL' }]);
  return { type: 'text', text: part.text };
}
