import { type LanguageModelV4, NoSuchModelError } from '@ai-sdk/provider';
import { createEchoModel } from './model';

export type { SandboxSettings } from './settings';

/** Every model of the sandbox provider, by the key that follows `sandbox/` in a model's reference. */
export const sandboxModelKeys = ['echo'] as const;

/**
 * A language model that needs neither key nor network: it answers with what it was sent, at the speed and
 * with the failures that its settings ask for (see `SandboxSettings`; they travel in
 * `providerOptions.sandbox` or in a `/sandbox` line of the last user message, see `directive.ts`).
 *
 * @param modelKey one of `sandboxModelKeys`.
 * @throws NoSuchModelError for any other key.
 */
export function createSandboxModel(modelKey: string): LanguageModelV4 {
  const known = sandboxModelKeys.find((key) => key === modelKey);
  if (known === undefined) {
    throw new NoSuchModelError({
      modelId: modelKey,
      modelType: 'languageModel',
      message: `The sandbox provider has no model "${modelKey}". It has: ${sandboxModelKeys.join(', ')}.`,
    });
  }
  return createEchoModel(known);
}
