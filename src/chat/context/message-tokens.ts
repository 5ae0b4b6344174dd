import { LRUCache } from 'lru-cache';
import type { TokenCounter } from '../../ai-studio';
import { readFileSize } from '../files/file-url';
import { kindOf } from '../files/media-types';

/** A message as it is counted: the AI SDK's parts. */
export interface CountedMessage {
  id: string;
  parts: readonly object[];
}

/** What a message takes in a call, and whether a tokenizer said so. */
export interface MessageTokens {
  tokens: number;
  estimated: boolean;
}

/** What providers put around a message: three or four tokens, by OpenAI's published account of its chat format. */
const framing = 4;

/**
 * An image: the most that Anthropic counts one for (its long side cut to 1,568 pixels); OpenAI's and Google's count less at
 * the same size. What is in a PDF nobody knows before it is sent: a token for 16 bytes, and no less than an image. A text
 * is sent as text, and counted as its bytes: more than it is.
 */
const imageTokens = 1_600;
const bytesPerFileToken = 16;

/** Messages do not change once they are answered; the length tells an answer that was still being written. */
const counted = new LRUCache<string, MessageTokens & { length: number }>({ max: 50_000 });

/** Counts a message as `tokenizer` does, once. */
export function countMessage(
  message: CountedMessage,
  tokenizer: string,
  counter: TokenCounter,
): MessageTokens {
  const { texts, extra } = measure(message);
  const length = texts.reduce((sum, text) => sum + text.length, extra);
  const key = `${tokenizer}/${message.id}`;
  const known = counted.get(key);
  if (known?.length === length) return known;
  const counts = texts.map((text) => counter.count(text));
  const fresh = {
    length,
    tokens: counts.reduce((sum, { tokens }) => sum + tokens, framing + extra),
    estimated: extra > 0 || counts.some(({ estimated }) => estimated),
  };
  counted.set(key, fresh);
  return fresh;
}

/** No tokenizer counts more for it. Counts nothing. */
export function mostTokensOf(message: CountedMessage): number {
  const { texts, extra } = measure(message);
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), framing + extra);
}

/** What a model is sent of a message: its texts, and tokens for what is not text. Sources and data parts are not sent. */
function measure({ parts }: CountedMessage): { texts: string[]; extra: number } {
  const texts: string[] = [];
  let extra = 0;
  for (const part of parts as readonly Record<string, unknown>[]) {
    const type = String(part.type);
    if ((type === 'text' || type === 'reasoning') && typeof part.text === 'string') texts.push(part.text);
    else if (type === 'file') extra += tokensOfFile(part);
    else if (type.startsWith('tool-') || type === 'dynamic-tool')
      texts.push(type, JSON.stringify([part.input, part.output, part.errorText]));
  }
  return { texts, extra };
}

function tokensOfFile({ mediaType, providerMetadata }: Record<string, unknown>): number {
  const kind = kindOf(String(mediaType));
  const bytes = readFileSize(providerMetadata);
  if (kind === 'text') return bytes; // sent as text, of which no tokenizer counts more tokens than bytes
  return kind === 'image' ? imageTokens : Math.max(imageTokens, Math.ceil(bytes / bytesPerFileToken));
}
