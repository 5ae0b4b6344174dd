import { type LanguageModelV4, NoSuchModelError } from '@ai-sdk/provider';
import { createEchoModel } from './model';

export type { SandboxSettings } from './settings';

/**
 * Models of the sandbox provider, by the key that follows `sandbox/` in a model's reference: `echo`, and `echo` with the
 * name of another model before it, such as `claude-sonnet-4-5-echo`. Such a model is told what that model would be told.
 */
const sandboxModelKey = /^([a-z0-9][a-z0-9.-]*-)?echo$/;

/**
 * A language model that needs neither key nor network: it answers with what it was sent, at the speed and
 * with the failures that its settings ask for (see `SandboxSettings`; they travel in
 * `providerOptions.sandbox` or in a `/sandbox` line of the last user message, see `directive.ts`).
 *
 * @param modelKey `echo`, or another model's key followed by `-echo`.
 * @throws NoSuchModelError for any other key.
 */
export function createSandboxModel(modelKey: string): LanguageModelV4 {
  if (!sandboxModelKey.test(modelKey)) {
    throw new NoSuchModelError({
      modelId: modelKey,
      modelType: 'languageModel',
      message: `The sandbox provider has no model "${modelKey}". It has: echo, and any model's key followed by -echo.`,
    });
  }
  return createEchoModel(modelKey);
}
