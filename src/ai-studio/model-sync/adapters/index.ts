import type { ModelListAdapter } from './adapter';
import { listAnthropicModels } from './anthropic';
import { listDeepseekModels } from './deepseek';
import { listGoogleModels } from './google';
import { listGroqModels } from './groq';
import { listMistralModels } from './mistral';
import { listOllamaModels } from './ollama';
import { listOpenaiModels } from './openai';
import { listOpenaiCompatibleModels } from './openai-compatible';
import { listOpenrouterModels } from './openrouter';
import { listXaiModels } from './xai';

/** The adapter of each kind of provider but the sandbox, which has nothing to ask; the contract test walks it. */
export const modelListAdapters = {
  openai: listOpenaiModels,
  anthropic: listAnthropicModels,
  google: listGoogleModels,
  xai: listXaiModels,
  mistral: listMistralModels,
  groq: listGroqModels,
  deepseek: listDeepseekModels,
  openrouter: listOpenrouterModels,
  ollama: listOllamaModels,
  'openai-compatible': listOpenaiCompatibleModels,
} satisfies Record<string, ModelListAdapter>;

/** Whose lists anybody may read, or whose servers may be open. */
const keyless = new Set(['openrouter', 'ollama', 'openai-compatible']);

/** How the models of a kind are listed, and whether that takes a key; `undefined` for a kind without a list. */
export function findListAdapter(kind: string): { list: ModelListAdapter; needsKey: boolean } | undefined {
  const adapters: Record<string, ModelListAdapter> = modelListAdapters;
  const list = Object.hasOwn(adapters, kind) ? adapters[kind] : undefined;
  return list && { list, needsKey: !keyless.has(kind) };
}
