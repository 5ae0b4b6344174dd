import type { Family } from './families';
import { countTokens as countSandboxTokens } from '../providers/sandbox/tokens';

/** Tokens of a text, and whether they are an estimate. */
export interface TokenCount {
  tokens: number;
  /** True where no tokenizer of the model counted them. */
  estimated: boolean;
}

/** Four characters a token: the rule of thumb that OpenAI gives for English text. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / 4);
}

/** Counts with the family's own tokenizer where one is published, which is loaded when it is first needed. */
export async function countTokens(text: string, { tokenizer }: Family): Promise<TokenCount> {
  switch (tokenizer) {
    case undefined:
      return { tokens: estimateTokens(text), estimated: true };
    case 'sandbox':
      return { tokens: countSandboxTokens(text), estimated: false };
    case 'o200k_base':
      return countWith(await import('gpt-tokenizer/encoding/o200k_base'), text);
    case 'cl100k_base':
      return countWith(await import('gpt-tokenizer/encoding/cl100k_base'), text);
  }
}

/** Of a run without any break; the tokenizer's time grows with the square of it. */
const longestRun = 1_000;
const longRun = new RegExp(
  String.raw`[^\s\p{P}\p{S}]{${longestRun}}|\s{${longestRun}}|[\p{P}\p{S}]{${longestRun}}`,
  'gu',
);

interface Encoding {
  countTokens: (text: string, options: { disallowedSpecial: Set<string> }) => number;
}

/** Runs that no language writes are cut, which may cost a token a cut: their count is an estimate. */
function countWith(encoding: Encoding, text: string): TokenCount {
  const options = { disallowedSpecial: new Set<string>() }; // marks such as <|endoftext|> are text here
  const cuts = [...text.matchAll(longRun)].map(({ index, 0: run }) => index + run.length);
  const pieces = [0, ...cuts].map((start, i) => text.slice(start, cuts[i]));
  const tokens = pieces.reduce((sum, piece) => sum + encoding.countTokens(piece, options), 0);
  return { tokens, estimated: cuts.length > 0 };
}
