import { validationFailed } from '../../platform/http';
import type { SendMessageDto } from '../sessions/chat.dto';

/** What a user sends, ready to be stored. */
export interface NewUserMessage {
  parts: TextPart[];
  clientId: string | null;
  text: string;
}

/** A text part of the AI SDK's `UIMessage`. */
type TextPart = { type: 'text'; text: string };

const maxTextLength = 200_000;

/** Reads `message` or `text`. Only text parts: files come with models that take them. Throws `VALIDATION_FAILED`. */
export function toUserMessage({ message, text }: SendMessageDto): NewUserMessage {
  if ((message === undefined) === (text === undefined))
    throw validationFailed([{ field: '', problem: 'send either message or text' }]);
  const parts = message ? message.parts.map(toTextPart) : [toTextPart({ type: 'text', text: text ?? '' }, 0)];
  const whole = parts.map((part) => part.text).join('\n');
  if (whole.trim() === '')
    throw validationFailed([{ field: message ? 'message.parts' : 'text', problem: 'must say something' }]);
  if (whole.length > maxTextLength)
    throw validationFailed([
      { field: 'message.parts', problem: `must have at most ${maxTextLength} characters` },
    ]);
  return { parts, clientId: message?.id ?? null, text: whole };
}

function toTextPart(part: { type?: unknown; text?: unknown }, index: number): TextPart {
  const field = `message.parts.${index}`;
  if (part.type !== 'text')
    throw validationFailed([{ field, problem: 'must be of type text; other parts are not taken yet' }]);
  if (typeof part.text !== 'string')
    throw validationFailed([{ field: `${field}.text`, problem: 'must be a string' }]);
  if (part.text.includes('\0'))
    throw validationFailed([{ field: `${field}.text`, problem: 'must not contain NUL' }]);
  return { type: 'text', text: part.text };
}
