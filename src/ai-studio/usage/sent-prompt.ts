import { fingerprintOf } from '../prompts/fingerprint';
import type { ComposedPrompt, LayerName, PromptRole, StrategyName } from '../prompts/layers';
import { strategies } from '../prompts/strategies';

/** What a model was told, as its execution keeps it: the texts themselves are kept once for all executions. */
export interface SentPrompt {
  strategy: StrategyName;
  role: PromptRole;
  /** What stood between the sections. */
  separator: string;
  /** False where the executor sent something else instead of the prompt that was prepared, or beside it. */
  asPrepared: boolean;
  sections: {
    layer: LayerName;
    source: string;
    version?: number;
    personal: boolean;
    /** Of the section's text: see `fingerprintOf`. */
    sha256: string;
  }[];
}

/** The text of one section, to be kept. */
export interface PromptText {
  sha256: string;
  text: string;
  /** A user's own: shown to that user alone. */
  personal: boolean;
}

/** The record of a prompt, and the texts that it names. */
export function toSentPrompt(
  { strategy, role, sections }: ComposedPrompt,
  asPrepared: boolean,
): { record: SentPrompt; texts: PromptText[] } {
  const { separator } = strategies[strategy];
  const named = sections.map((section) => ({ ...section, sha256: fingerprintOf(section.text) }));
  return {
    record: {
      strategy,
      role,
      separator,
      asPrepared,
      sections: named.map(({ text: _text, ...section }) => section),
    },
    texts: named.map(({ sha256, text, personal }) => ({ sha256, text, personal })),
  };
}
