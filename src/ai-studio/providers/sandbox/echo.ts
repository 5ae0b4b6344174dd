import type {
  LanguageModelV4CallOptions,
  LanguageModelV4Message,
  LanguageModelV4Prompt,
} from '@ai-sdk/provider';
import { partText } from './part-text';
import { countTokens } from './tokens';

/** Earlier turns show this many characters: an echo of echoes shown whole would double with every turn. */
const shownOfEarlierTurn = 200;

/**
 * `stopSequences` comes last: where a sequence does not occur earlier, the answer stops when it is about to
 * be shown here, and nothing else is lost. Headers are never shown: they may hold keys.
 */
const shownSettings = [
  'temperature',
  'topP',
  'topK',
  'maxOutputTokens',
  'seed',
  'presencePenalty',
  'frequencyPenalty',
  'reasoning',
  'stopSequences',
] as const satisfies (keyof LanguageModelV4CallOptions)[];

/**
 * What was sent, as Markdown: one `## role` section a message, in order, then `## settings` with the call
 * settings that were present. System messages and the last user message are whole; of every other message
 * the first 200 characters and the count of the rest.
 */
export function echoText(options: LanguageModelV4CallOptions): string {
  const lastUser = options.prompt.findLast((message) => message.role === 'user');
  const sections = options.prompt.map((message) => {
    const text = messageText(message);
    return section(message.role, message.role === 'system' || message === lastUser ? text : abbreviate(text));
  });
  return [...sections, section('settings', settingsText(options))].join('\n\n');
}

/** The tokens of the whole prompt: of every message's text, other parts by the text that names them. */
export function countPromptTokens(prompt: LanguageModelV4Prompt): number {
  return prompt.reduce((sum, message) => sum + countTokens(messageText(message)), 0);
}

/** The text parts of the last user message, one below the other; `''` where there is none. */
export function lastUserText(prompt: LanguageModelV4Prompt): string {
  const message = prompt.findLast(({ role }) => role === 'user');
  if (message?.role !== 'user') return '';
  return message.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
}

function messageText(message: LanguageModelV4Message): string {
  if (message.role === 'system') return message.content;
  return message.content.map(partText).join('\n');
}

function settingsText(options: LanguageModelV4CallOptions): string {
  const lines = shownSettings.flatMap((name) => {
    const value = options[name];
    return value === undefined ? [] : [`- ${name}: ${JSON.stringify(value)}`];
  });
  return lines.length > 0 ? lines.join('\n') : '(none sent)';
}

function section(title: string, text: string): string {
  return `## ${title}\n\n${text}`;
}

function abbreviate(text: string): string {
  if (text.length <= shownOfEarlierTurn) return text;
  // A lone high surrogate at the cut would not survive UTF-8.
  const shown = text.slice(0, shownOfEarlierTurn).replace(/[\uD800-\uDBFF]$/, '');
  return `${shown}… (${text.length - shown.length} more characters)`;
}
