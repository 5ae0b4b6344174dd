import type { LanguageModelV4, SharedV4ProviderOptions } from '@ai-sdk/provider';
import { createSandboxModel } from './sandbox';

/** What a factory needs to make a model that calls a provider. */
interface ModelFactoryOptions {
  baseUrl: string;
  /** Absent where the provider takes none. */
  apiKey: string | undefined;
  /** Guarded; every call goes through it. */
  fetch: typeof globalThis.fetch;
  /** The model as the provider spells it. */
  modelKey: string;
}

/** A protocol that AI Studio speaks: one row of the registry. */
export interface ProviderKind {
  displayName: string;
  /** The vendor's address, as its own documentation and the AI SDK's package give it; empty where each server has its own. */
  baseUrl: string;
  key: 'required' | 'optional' | 'none';
  createModel(options: ModelFactoryOptions): Promise<LanguageModelV4>;
  /** What a system message carries to mark that the provider's prompt cache may end after it; absent where it caches by itself. */
  cacheBreakpoint?: SharedV4ProviderOptions;
  /** A cheap GET that only a valid key passes; absent where there is nothing to ask. */
  keyCheck?: { path: string; headers: (apiKey: string) => Record<string, string> };
}

const bearer = (apiKey: string) => ({ authorization: `Bearer ${apiKey}` });
const modelList = { path: '/models', headers: bearer };

/*
 * The registry: the one place that knows the AI SDK's providers. They are loaded when first used, since a server
 * rarely uses them all. Adding a provider is one row here.
 */
const kinds = {
  openai: {
    displayName: 'OpenAI',
    baseUrl: 'https://api.openai.com/v1',
    key: 'required',
    keyCheck: modelList,
    createModel: async ({ baseUrl, apiKey, fetch, modelKey }) => {
      const { createOpenAI } = await import('@ai-sdk/openai');
      return createOpenAI({ baseURL: baseUrl, apiKey, fetch }).responses(modelKey);
    },
  },
  anthropic: {
    displayName: 'Anthropic',
    baseUrl: 'https://api.anthropic.com/v1',
    key: 'required',
    keyCheck: {
      path: '/models',
      headers: (apiKey) => ({ 'x-api-key': apiKey, 'anthropic-version': '2023-06-01' }),
    },
    cacheBreakpoint: { anthropic: { cacheControl: { type: 'ephemeral' } } },
    createModel: async ({ baseUrl, apiKey, fetch, modelKey }) => {
      const { createAnthropic } = await import('@ai-sdk/anthropic');
      return createAnthropic({ baseURL: baseUrl, apiKey, fetch })(modelKey);
    },
  },
  google: {
    displayName: 'Google',
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
    key: 'required',
    keyCheck: { path: '/models?pageSize=1', headers: (apiKey) => ({ 'x-goog-api-key': apiKey }) },
    createModel: async ({ baseUrl, apiKey, fetch, modelKey }) => {
      const { createGoogle } = await import('@ai-sdk/google');
      return createGoogle({ baseURL: baseUrl, apiKey, fetch })(modelKey);
    },
  },
  xai: {
    displayName: 'xAI',
    baseUrl: 'https://api.x.ai/v1',
    key: 'required',
    keyCheck: modelList,
    createModel: async ({ baseUrl, apiKey, fetch, modelKey }) => {
      const { createXai } = await import('@ai-sdk/xai');
      return createXai({ baseURL: baseUrl, apiKey, fetch })(modelKey);
    },
  },
  mistral: {
    displayName: 'Mistral',
    baseUrl: 'https://api.mistral.ai/v1',
    key: 'required',
    keyCheck: modelList,
    createModel: async ({ baseUrl, apiKey, fetch, modelKey }) => {
      const { createMistral } = await import('@ai-sdk/mistral');
      return createMistral({ baseURL: baseUrl, apiKey, fetch })(modelKey);
    },
  },
  groq: {
    displayName: 'Groq',
    baseUrl: 'https://api.groq.com/openai/v1',
    key: 'required',
    keyCheck: modelList,
    createModel: async ({ baseUrl, apiKey, fetch, modelKey }) => {
      const { createGroq } = await import('@ai-sdk/groq');
      return createGroq({ baseURL: baseUrl, apiKey, fetch })(modelKey);
    },
  },
  deepseek: {
    displayName: 'DeepSeek',
    baseUrl: 'https://api.deepseek.com',
    key: 'required',
    keyCheck: modelList,
    createModel: async ({ baseUrl, apiKey, fetch, modelKey }) => {
      const { createDeepSeek } = await import('@ai-sdk/deepseek');
      return createDeepSeek({ baseURL: baseUrl, apiKey, fetch })(modelKey);
    },
  },
  openrouter: {
    displayName: 'OpenRouter',
    baseUrl: 'https://openrouter.ai/api/v1',
    key: 'required',
    keyCheck: { path: '/key', headers: bearer },
    cacheBreakpoint: { openrouter: { cacheControl: { type: 'ephemeral' } } },
    createModel: async ({ baseUrl, apiKey, fetch, modelKey }) => {
      const { createOpenRouter } = await import('@openrouter/ai-sdk-provider');
      return createOpenRouter({ baseURL: baseUrl, apiKey, fetch, compatibility: 'strict' }).chat(modelKey);
    },
  },
  ollama: {
    displayName: 'Ollama',
    baseUrl: 'http://127.0.0.1:11434/api',
    key: 'none',
    keyCheck: { path: '/tags', headers: () => ({}) },
    createModel: async ({ baseUrl, fetch, modelKey }) => {
      const { createOllama } = await import('ollama-ai-provider-v2');
      return createOllama({ baseURL: baseUrl, fetch })(modelKey);
    },
  },
  'openai-compatible': {
    displayName: 'OpenAI-compatible',
    baseUrl: '',
    key: 'optional',
    keyCheck: modelList,
    createModel: async ({ baseUrl, apiKey, fetch, modelKey }) => {
      const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
      const provider = createOpenAICompatible({
        name: 'openai-compatible',
        baseURL: baseUrl,
        apiKey,
        fetch,
        includeUsage: true,
      });
      return provider(modelKey);
    },
  },
  sandbox: {
    displayName: 'Sandbox',
    baseUrl: 'sandbox://echo',
    key: 'none',
    createModel: async ({ modelKey }) => createSandboxModel(modelKey),
  },
} satisfies Record<string, ProviderKind>;

export type ProviderKindName = keyof typeof kinds;

export const providerKindNames = Object.keys(kinds) as ProviderKindName[]; // keys of a const object are exactly its names

/** The row of a kind. Throws `Error` for a name that no row has: the database holds checked names only. */
export function getProviderKind(name: string): ProviderKind {
  const kind = (kinds as Record<string, ProviderKind>)[name]; // looked up by any text
  if (!kind) throw new Error(`There is no provider kind ${name}.`);
  return kind;
}

/** Where a key of this provider is sent: bound into the sealed key, so that it opens for no other. */
export function originOf(baseUrl: string): string {
  const url = new URL(baseUrl);
  return url.origin === 'null' ? `${url.protocol}//${url.host}` : url.origin;
}
