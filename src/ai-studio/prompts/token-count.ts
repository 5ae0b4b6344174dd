import { LRUCache } from 'lru-cache';
import { countTokens as countSandboxTokens } from '../providers/sandbox/tokens';
import type { Family } from './families';
import { fingerprintOf } from './fingerprint';

/** Tokens of a text, and whether they are an estimate. */
export interface TokenCount {
  tokens: number;
  /** True where no tokenizer of the model counted them. */
  estimated: boolean;
}

/**
 * Four characters a token, the rule of thumb that OpenAI gives for English text; beyond the Latin letters a token each,
 * which is about what today's tokenizers take for Chinese, Japanese and Korean.
 */
export function estimateTokens(text: string): number {
  const dense = text.match(/[\u0250-\uFFFF]/g)?.length ?? 0;
  return dense + Math.ceil((text.length - dense) / 4);
}

/** No tokenizer makes more tokens of a text than it has bytes. */
export function mostTokens(text: string): number {
  return Buffer.byteLength(text);
}

/** Counting a long text takes milliseconds; the same ones are counted again and again. */
const counted = new LRUCache<string, TokenCount>({ max: 5_000 });

/** Counts with the family's own tokenizer where one is published, which is loaded when it is first needed. */
export async function countTokens(text: string, { tokenizer }: Family): Promise<TokenCount> {
  const counter = await loadTokenCounter(tokenizer);
  if (tokenizer === undefined || tokenizer === 'sandbox') return counter.count(text);
  const key = `${tokenizer}/${fingerprintOf(text)}`;
  const known = counted.get(key);
  if (known) return known;
  const count = counter.count(text);
  counted.set(key, count);
  return count;
}

/** Counts tokens as one kind of model does, and remembers nothing. */
export interface TokenCounter {
  count: (text: string) => TokenCount;
}

/** Of a tokenizer by its name; estimates where there is none of that name. It is loaded when it is first asked for. */
export async function loadTokenCounter(tokenizer: string | undefined): Promise<TokenCounter> {
  switch (tokenizer) {
    case 'sandbox':
      return { count: (text) => ({ tokens: countSandboxTokens(text), estimated: false }) };
    case 'o200k_base':
    case 'cl100k_base': {
      const encoding = await loadEncoding(tokenizer);
      return { count: (text) => countWith(encoding, text) };
    }
    default:
      return { count: (text) => ({ tokens: estimateTokens(text), estimated: true }) };
  }
}

interface Encoding {
  countTokens: (text: string, options: { disallowedSpecial: Set<string> }) => number;
}

function loadEncoding(name: 'o200k_base' | 'cl100k_base'): Promise<Encoding> {
  switch (name) {
    case 'o200k_base':
      return import('gpt-tokenizer/encoding/o200k_base');
    case 'cl100k_base':
      return import('gpt-tokenizer/encoding/cl100k_base');
  }
}

/** Of a run without any break; the tokenizer's time grows with the square of it. */
const longestRun = 150;
const longRun = new RegExp(
  String.raw`[^\s\p{P}\p{S}]{${longestRun}}|\s{${longestRun}}|[\p{P}\p{S}]{${longestRun}}`,
  'gu',
);

/** Runs that no language with spaces writes are cut, which may cost a token a cut: their count is an estimate. */
function countWith(encoding: Encoding, text: string): TokenCount {
  const options = { disallowedSpecial: new Set<string>() }; // marks such as <|endoftext|> are text here
  const cuts = [...text.matchAll(longRun)].map(({ index, 0: run }) => index + run.length);
  const pieces = [0, ...cuts].map((start, i) => text.slice(start, cuts[i]));
  const tokens = pieces.reduce((sum, piece) => sum + encoding.countTokens(piece, options), 0);
  return { tokens, estimated: cuts.length > 0 };
}
