import type { ChatMessage, ChatSession } from '../sessions/chat.entities';

/*
 * A conversation as Markdown (CommonMark). The structure is headings; all that anybody said stands in block quotes, which
 * nothing in a line can leave: a line that begins with `>` stays inside, whatever follows.
 */

/** The head of the document. */
export function toMarkdownHead({ title, createdAt }: Pick<ChatSession, 'title' | 'createdAt'>): string {
  return `# ${escapeMarkdown(title) || 'Conversation'}\n\nBegun ${createdAt.toISOString()}\n`;
}

/** One message: a heading, and what is shown of it. Reasoning and tools are in the JSON form alone. */
export function toMarkdownMessage({
  role,
  parts,
  status,
  modelRef,
  createdAt,
}: Pick<ChatMessage, 'role' | 'parts' | 'status' | 'modelRef' | 'createdAt'>): string {
  const who =
    role === 'user' ? 'You' : `Assistant${modelRef === null ? '' : ` (${escapeMarkdown(modelRef)})`}`;
  const how = status === 'complete' ? '' : `, ${status}`;
  const blocks = parts.flatMap((part) => toBlock(part) ?? []);
  return [`\n## ${who}`, `${createdAt.toISOString()}${how}`, ...blocks].join('\n\n') + '\n';
}

function toBlock(part: object): string | undefined {
  const { type, text, filename, mediaType, url, title } = part as Record<string, unknown>; // of a JSON column
  if (type === 'text' && typeof text === 'string') return quote(text);
  if (type === 'file') return quote(`File: ${escapeMarkdown(`${filename ?? 'unnamed'} (${mediaType})`)}`);
  if (type === 'source-url') return quote(`Source: ${escapeMarkdown(`${title ?? ''} ${url}`.trim())}`);
  return undefined;
}

/** Each line, by every line ending that Markdown knows. Between two quotes stands a blank line: else the second goes on with the first. */
function quote(text: string): string {
  return text
    .split(/\r\n|[\n\r]/)
    .map((line) => (line === '' ? '>' : `> ${line}`))
    .join('\n');
}

/** One line of plain text. Every ASCII punctuation may be escaped, and means nothing then. */
function escapeMarkdown(text: string): string {
  return text
    .replace(/[\s\u0085]+/g, ' ')
    .trim()
    .replace(/[!-/:-@[-`{-~]/g, String.raw`\$&`);
}
