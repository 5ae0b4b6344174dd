import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogle } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { streamText, type LanguageModel, type TextStreamPart, type ToolSet } from 'ai';
import { fetch as undiciFetch } from 'undici';
import type { WireKind, WireServer } from './index';

/** The key every client of the specs sends. */
export const key = 'test-key-0123456789';

// The global `fetch` is of another realm than Jest's tests (see README.md). The two are the same function by
// contract; their types differ by the version of undici each was made from.
const fetch = undiciFetch as unknown as typeof globalThis.fetch;

export interface Client {
  label: string;
  kind: WireKind;
  model(server: WireServer): LanguageModel;
}

/** A client of each API, as the product makes them. */
export const clients: Client[] = [
  {
    label: 'openai chat',
    kind: 'openai',
    model: ({ baseUrl: baseURL }) => createOpenAI({ baseURL, apiKey: key, fetch }).chat('gpt-4.1-mini'),
  },
  {
    label: 'openai responses',
    kind: 'openai',
    model: ({ baseUrl: baseURL }) => createOpenAI({ baseURL, apiKey: key, fetch }).responses('gpt-5-mini'),
  },
  {
    label: 'openai-compatible',
    kind: 'openai',
    model: ({ baseUrl: baseURL }) =>
      createOpenAICompatible({ name: 'acme', baseURL, apiKey: key, fetch, includeUsage: true })('acme-1'),
  },
  {
    label: 'anthropic',
    kind: 'anthropic',
    model: ({ baseUrl: baseURL }) => createAnthropic({ baseURL, apiKey: key, fetch })('claude-haiku-4-5'),
  },
  {
    label: 'google',
    kind: 'google',
    model: ({ baseUrl: baseURL }) => createGoogle({ baseURL, apiKey: key, fetch })('gemini-2.5-flash'),
  },
];

/** All that a stream gave before it ended or threw. */
export interface Streamed {
  texts: string[];
  reasoning: string;
  /** Of `error` parts. */
  errors: unknown[];
  /** What the iteration itself threw. */
  thrown: unknown;
  aborted: boolean;
  finish: Extract<TextStreamPart<ToolSet>, { type: 'finish' }> | undefined;
}

/** Streams `hi` through the client; `onText` sees each delta as it comes. */
export async function stream(
  model: LanguageModel,
  { abortSignal, onText }: { abortSignal?: AbortSignal; onText?: () => void } = {},
): Promise<Streamed> {
  const streamed: Streamed = {
    texts: [],
    reasoning: '',
    errors: [],
    thrown: undefined,
    aborted: false,
    finish: undefined,
  };
  // Without `onError` the AI SDK prints errors to the console; here they are read from the parts.
  const result = streamText({ model, prompt: 'hi', maxRetries: 0, abortSignal, onError: () => undefined });
  try {
    for await (const part of result.stream) {
      collect(part, streamed);
      if (part.type === 'text-delta') onText?.();
    }
  } catch (error) {
    streamed.thrown = error;
  }
  return streamed;
}

function collect(part: TextStreamPart<ToolSet>, streamed: Streamed): void {
  if (part.type === 'text-delta') streamed.texts.push(part.text);
  if (part.type === 'reasoning-delta') streamed.reasoning += part.text;
  if (part.type === 'error') streamed.errors.push(part.error);
  if (part.type === 'abort') streamed.aborted = true;
  if (part.type === 'finish') streamed.finish = part;
}
