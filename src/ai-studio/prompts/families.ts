import type { PromptRole, StrategyName } from './layers';

/** What is known of models that want the same form of prompt. */
export interface Family {
  strategy: StrategyName;
  role: PromptRole;
  /** Counts the tokens of its models exactly; absent where no tokenizer is published. */
  tokenizer?: 'o200k_base' | 'cl100k_base' | 'sandbox';
}

interface FamilyRow extends Partial<Family> {
  /** Only at this kind of provider; at any where absent. */
  provider?: string;
  /** The model's own name: lower case, without a vendor or `ft:` in front of it. */
  model: RegExp;
  strategy: StrategyName;
}

/*
 * Which form of prompt a model gets. The first row that fits decides, so the most specific stand first. A new family is a
 * row here. Names are read at any provider: `anthropic/claude-…` at OpenRouter is Claude as well.
 *
 * Tokenizers: OpenAI publishes two, o200k_base from gpt-4o on and cl100k_base before (github.com/openai/tiktoken,
 * tiktoken/model.py). o1-mini and o1-preview take neither a system nor a developer message, and Gemma has no system turn
 * (ai.google.dev/gemma/docs/core/prompt-structure): their prompt opens the first user message.
 */
const families: FamilyRow[] = [
  { model: /^o1-(mini|preview)/, strategy: 'gpt-advanced', role: 'user', tokenizer: 'o200k_base' },
  { model: /^o\d+(-|$)/, strategy: 'reasoning', tokenizer: 'o200k_base' },
  { model: /^gpt-oss/, strategy: 'gpt-standard', tokenizer: 'o200k_base' },
  { model: /^gpt-.*nano/, strategy: 'gpt-lite', tokenizer: 'o200k_base' },
  { model: /^(gpt|codex)-.*mini/, strategy: 'gpt-standard', tokenizer: 'o200k_base' },
  { model: /^gpt-3\.5/, strategy: 'gpt-standard', tokenizer: 'cl100k_base' },
  { model: /^gpt-4(-|$)/, strategy: 'gpt-advanced', tokenizer: 'cl100k_base' },
  { model: /^(chatgpt|gpt)-/, strategy: 'gpt-advanced', tokenizer: 'o200k_base' },
  { model: /(^|\.)claude-/, strategy: 'claude-advanced' },
  { provider: 'anthropic', model: /./, strategy: 'claude-advanced' },
  { model: /^gemma/, strategy: 'default', role: 'user' },
  { model: /^gemini-/, strategy: 'google-advanced' },
  { provider: 'google', model: /./, strategy: 'google-advanced' },
  { model: /./, strategy: 'default' },
];

/** Of a model about which nothing is known. */
export const anyFamily: Family = { strategy: 'default', role: 'system' };
const known = new Map<string, Family>();

/** The family of a model. `kind` is the provider's, `modelKey` the model as the provider spells it. */
export function findFamily({ kind, modelKey }: { kind: string; modelKey: string }): Family {
  const key = `${kind}\n${modelKey}`;
  const found = known.get(key) ?? lookUp(kind, modelKey);
  if (known.size < 10_000) known.set(key, found);
  return found;
}

function lookUp(kind: string, modelKey: string): Family {
  const name = modelKey
    .slice(modelKey.lastIndexOf('/') + 1)
    .replace(/^ft:/, '')
    .toLowerCase();
  const row = families.find(
    ({ provider, model }) => (provider === undefined || provider === kind) && model.test(name),
  );
  if (!row) return anyFamily;
  // The sandbox stands in for any family, but it counts tokens in its own way.
  const tokenizer = kind === 'sandbox' ? 'sandbox' : row.tokenizer;
  return { strategy: row.strategy, role: row.role ?? 'system', ...(tokenizer ? { tokenizer } : {}) };
}
