import type { Family } from '../prompts/families';
import {
  countTokens,
  estimateTokens,
  loadTokenCounter,
  mostTokens,
  type TokenCounter,
} from '../prompts/token-count';

/** Tokens that a conversation may take at one model, and what they are left of. */
export interface InputBudget {
  contextWindow: number;
  systemTokens: number;
  /** Kept for the answer: what the model is asked for at most. */
  maxOutputTokens: number;
  /** Kept for what is counted by nobody: how a provider frames messages, and the error of estimates. */
  margin: number;
  /** What is left, 0 at least. */
  tokens: number;
  /** Whether the system prompt, and what `window.tokenizer` counts, are estimates. */
  estimated: boolean;
}

/** Shares of the window: OpenAI's tokenizers are exact but for the framing; four characters a token may be 15 % off. */
const marginOfCounts = 1 / 64;
const marginOfEstimates = 1 / 8;

/** The context window of one candidate, its own system prompt and its longest answer taken off. */
export class CandidateWindow {
  constructor(
    /** Tokens; `null` where unknown. */
    readonly contextWindow: number | null,
    /** What this candidate is asked for at most. */
    readonly maxOutputTokens: number,
    private readonly system: string,
    private readonly family: Family,
  ) {}

  /** Models with the same one count alike; `none` is an estimate by characters. */
  get tokenizer(): NonNullable<Family['tokenizer']> | 'none' {
    return this.family.tokenizer ?? 'none';
  }

  /** Counts as this candidate does. The tokenizer is loaded when it is first asked for. */
  getCounter(): Promise<TokenCounter> {
    return loadTokenCounter(this.tokenizer);
  }

  /** Whether text of so many UTF-8 bytes fits whatever the tokenizer: then nothing has to be counted. */
  holdsSurely(bytes: number): boolean {
    if (this.contextWindow === null) return true;
    return bytes <= this.toBudget(this.contextWindow, mostTokens(this.system), true).tokens;
  }

  /** At once, with an estimate of the system prompt; `null` where the window is unknown. */
  estimateBudget(): InputBudget | null {
    return this.contextWindow === null
      ? null
      : this.toBudget(this.contextWindow, estimateTokens(this.system), true);
  }

  /** With the system prompt counted; `null` where the window is unknown. */
  async countBudget(): Promise<InputBudget | null> {
    if (this.contextWindow === null) return null;
    const { tokens, estimated } = await countTokens(this.system, this.family);
    return this.toBudget(this.contextWindow, tokens, estimated);
  }

  private toBudget(contextWindow: number, systemTokens: number, estimated: boolean): InputBudget {
    const share = this.family.tokenizer === undefined ? marginOfEstimates : marginOfCounts;
    const margin = Math.ceil(contextWindow * share);
    const { maxOutputTokens } = this;
    const tokens = Math.max(contextWindow - systemTokens - maxOutputTokens - margin, 0);
    return { contextWindow, systemTokens, maxOutputTokens, margin, tokens, estimated };
  }
}
