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
 * is sent as text, which is not at hand where it is counted: a token for 3 bytes, of which prose takes fewer, and tables
 * of numbers about as many.
 */
const imageTokens = 1_600;
const bytesPerPdfToken = 16;
const bytesPerTextToken = 3;

/** Messages do not change once they are answered; the length tells an answer that was still being written. */
const counted = new LRUCache<string, MessageTokens & { length: number }>({ max: 50_000 });

/** Counts a message as `tokenizer` does, once. */
export function countMessage(
  message: CountedMessage,
  tokenizer: string,
  counter: TokenCounter,
): MessageTokens {
  const { texts, files } = measure(message);
  const extra = files.reduce((sum, { tokens }) => sum + tokens, 0);
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
  const { texts, files } = measure(message);
  const most = files.reduce((sum, file) => sum + file.most, framing);
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), most);
}

/** What a file takes in a call: most likely, and at most. */
interface FileTokens {
  tokens: number;
  most: number;
}

/** What a model is sent of a message: its texts and files. Sources and data parts are not sent. */
function measure({ parts }: CountedMessage): { texts: string[]; files: FileTokens[] } {
  const texts: string[] = [];
  const files: FileTokens[] = [];
  for (const part of parts as readonly Record<string, unknown>[]) {
    const type = String(part.type);
    if ((type === 'text' || type === 'reasoning') && typeof part.text === 'string') texts.push(part.text);
    else if (type === 'file') files.push(tokensOfFile(part));
    else if (type.startsWith('tool-') || type === 'dynamic-tool')
      texts.push(type, JSON.stringify([part.input, part.output, part.errorText]));
  }
  return { texts, files };
}

function tokensOfFile({ mediaType, providerMetadata }: Record<string, unknown>): FileTokens {
  const kind = kindOf(String(mediaType));
  const bytes = readFileSize(providerMetadata);
  // No tokenizer counts more tokens in a text than it has bytes.
  if (kind === 'text') return { tokens: Math.ceil(bytes / bytesPerTextToken), most: bytes };
  const tokens = kind === 'image' ? imageTokens : Math.max(imageTokens, Math.ceil(bytes / bytesPerPdfToken));
  return { tokens, most: tokens };
}
