import { startModelLists, type ListKind, type ModelListServer } from '../support/wire/model-lists';
import type { ListedModel } from '../../src/ai-studio/model-sync/adapters/adapter';
import { closeGuard, readAnswer } from '../support/model-lists';

/** Answers as the providers' documentation shows them, cut to what tells something. */

let server: ModelListServer;
beforeAll(async () => {
  server = await startModelLists();
});
afterAll(async () => {
  await server.close();
  await closeGuard();
});

async function modelsOf(kind: ListKind, answer: unknown): Promise<ListedModel[]> {
  return (await readAnswer(server, kind, answer)).models;
}

async function purposes(kind: ListKind, answer: unknown): Promise<Record<string, unknown>> {
  const models = await modelsOf(kind, answer);
  return Object.fromEntries(models.map(({ modelKey, purpose }) => [modelKey, purpose]));
}

test('OpenAI: ids, dates and what they are for', async () => {
  const row = (id: string) => ({ id, object: 'model', created: 1_754_425_777, owned_by: 'system' });
  expect(await modelsOf('openai', { object: 'list', data: [row('gpt-5-mini')] })).toEqual([
    {
      modelKey: 'gpt-5-mini',
      displayName: 'GPT-5 mini',
      purpose: 'chat',
      releasedAt: '2025-08-05T20:29:37.000Z',
    },
  ]);
  const expected = {
    'gpt-5': 'chat',
    o3: 'chat',
    'chatgpt-4o-latest': 'chat',
    'ft:gpt-4o-mini-2024-07-18:acme:audio-notes:abc': 'chat',
    'ft:davinci-002:acme::abc': 'other',
    'babbage-002': 'other',
    'gpt-3.5-turbo-instruct': 'other',
    'text-embedding-3-large': 'embedding',
    'dall-e-3': 'image',
    'gpt-image-1-mini': 'image',
    'chatgpt-image-latest': 'image',
    'whisper-1': 'audio',
    'gpt-4o-transcribe': 'audio',
    'gpt-4o-mini-tts': 'audio',
    'gpt-realtime': 'audio',
    'gpt-audio-mini': 'audio',
    'omni-moderation-latest': 'moderation',
    'sora-2': 'other',
  };
  expect(await purposes('openai', { data: Object.keys(expected).map(row) })).toEqual(expected);
});

test('Anthropic: limits and capabilities where the answer has them', async () => {
  const answer = {
    data: [
      {
        type: 'model',
        id: 'claude-sonnet-4-5-20250929',
        display_name: 'Claude Sonnet 4.5',
        created_at: '2025-09-29T00:00:00Z',
        max_input_tokens: 200_000,
        max_tokens: 64_000,
        capabilities: {
          batch: { supported: true },
          image_input: { supported: true },
          structured_outputs: { supported: true },
          thinking: { supported: true, types: { enabled: { supported: true } } },
        },
      },
      { type: 'model', id: 'claude-old', display_name: 'Claude Old', created_at: '1970-01-01T00:00:00Z' },
    ],
    has_more: false,
    first_id: 'claude-sonnet-4-5-20250929',
    last_id: 'claude-old',
  };
  const always = { text: true, streaming: true, tools: true };
  expect(await modelsOf('anthropic', answer)).toEqual([
    {
      modelKey: 'claude-sonnet-4-5-20250929',
      displayName: 'Claude Sonnet 4.5',
      purpose: 'chat',
      capabilities: { ...always, imageInput: true, structuredOutput: true, reasoning: true },
      contextWindow: 200_000,
      maxOutputTokens: 64_000,
      releasedAt: '2025-09-29T00:00:00.000Z',
    },
    { modelKey: 'claude-old', displayName: 'Claude Old', purpose: 'chat', capabilities: always },
  ]);
});

test('Google: names without their folder, limits, methods', async () => {
  const row = (name: string, supportedGenerationMethods: string[]) => ({
    name: `models/${name}`,
    supportedGenerationMethods,
  });
  const [flash] = await modelsOf('google', {
    models: [
      {
        name: 'models/gemini-2.5-flash',
        version: '001',
        displayName: 'Gemini 2.5 Flash',
        inputTokenLimit: 1_048_576,
        outputTokenLimit: 65_536,
        supportedGenerationMethods: ['generateContent', 'countTokens', 'createCachedContent'],
        temperature: 1,
        thinking: true,
      },
    ],
  });
  expect(flash).toEqual({
    modelKey: 'gemini-2.5-flash',
    displayName: 'Gemini 2.5 Flash',
    purpose: 'chat',
    capabilities: { text: true, streaming: true, reasoning: true },
    contextWindow: 1_048_576,
    maxOutputTokens: 65_536,
  });
  const models = [
    row('gemma-3-27b-it', ['generateContent']),
    row('gemini-embedding-001', ['embedContent', 'countTextTokens']),
    row('gemini-2.5-flash-preview-tts', ['generateContent']),
    row('gemini-2.5-flash-image', ['generateContent']),
    row('nano-banana-pro-preview', ['generateContent']),
    row('gemini-2.5-flash-native-audio-latest', ['bidiGenerateContent']),
    row('imagen-4.0-generate-001', ['predict']),
    row('veo-3.0-generate-001', ['predictLongRunning']),
    row('aqa', ['generateAnswer']),
  ];
  expect(Object.values(await purposes('google', { models }))).toEqual([
    'chat',
    'embedding',
    'audio',
    'image',
    'image',
    'audio',
    'image',
    'other',
    'other',
  ]);
});

test('xAI: prices stay in its unit', async () => {
  const answer = {
    models: [
      {
        id: 'grok-4-0709',
        fingerprint: 'fp_1',
        created: 1_752_019_200,
        input_modalities: ['text', 'image'],
        output_modalities: ['text'],
        prompt_text_token_price: 30_000,
        cached_prompt_text_token_price: 7500,
        prompt_image_token_price: 30_000,
        completion_text_token_price: 150_000,
        search_price: 250_000_000,
        aliases: ['grok-4'],
      },
    ],
  };
  expect(await modelsOf('xai', answer)).toEqual([
    {
      modelKey: 'grok-4-0709',
      displayName: 'Grok 4 0709',
      purpose: 'chat',
      capabilities: { text: true, imageInput: true },
      releasedAt: '2025-07-09T00:00:00.000Z',
      price: { unit: 'usd-cents-per-100-million-tokens', input: 30_000, cachedInput: 7500, output: 150_000 },
    },
  ]);
});

test('Mistral: capabilities, deprecation, archived fine-tunes', async () => {
  const row = (id: string, can: Record<string, boolean>, more = {}) => ({
    id,
    created: 1_766_520_693,
    capabilities: { completion_chat: false, function_calling: false, vision: false, ...can },
    name: 'mistral-medium-2508',
    max_context_length: 131_072,
    deprecation: null,
    ...more,
  });
  const listing = await readAnswer(server, 'mistral', {
    object: 'list',
    data: [
      row('mistral-medium-latest', { completion_chat: true, function_calling: true, vision: true }),
      row('magistral-old', { completion_chat: true }, { deprecation: '2026-08-31T12:00:00Z' }),
      row('mistral-embed', {}),
      row('mistral-moderation-latest', { moderation: true }),
      row('ft:gone', { completion_chat: true }, { archived: true }),
    ],
  });
  expect(listing.models[0]).toEqual({
    modelKey: 'mistral-medium-latest',
    displayName: 'Mistral medium latest',
    purpose: 'chat',
    capabilities: { text: true, tools: true, imageInput: true },
    contextWindow: 131_072,
  });
  expect(listing.models[1]).toMatchObject({ deprecatedAt: '2026-08-31T12:00:00.000Z' });
  expect(listing.models.map(({ purpose }) => purpose)).toEqual(['chat', 'chat', 'embedding', 'moderation']);
  expect(listing.skipped).toMatchObject([{ model: 'ft:gone', field: 'archived' }]);
});

test('Groq: windows, and no model that is not active', async () => {
  const row = (id: string, active = true) => ({
    id,
    object: 'model',
    created: 1_733_447_754,
    owned_by: 'Meta',
    active,
    context_window: 131_072,
    max_completion_tokens: 32_768,
  });
  const data = [row('llama-3.3-70b-versatile'), row('whisper-large-v3'), row('old', false)];
  const { models, skipped } = await readAnswer(server, 'groq', { data });
  expect(models[0]).toEqual({
    modelKey: 'llama-3.3-70b-versatile',
    displayName: 'Llama 3.3 70B versatile',
    purpose: 'chat',
    contextWindow: 131_072,
    maxOutputTokens: 32_768,
    releasedAt: '2024-12-06T01:15:54.000Z',
  });
  expect(models[1]?.purpose).toBe('audio');
  expect(skipped).toMatchObject([{ model: 'old', field: 'active' }]);
});

test('DeepSeek: ids', async () => {
  const answer = { object: 'list', data: [{ id: 'deepseek-chat', object: 'model', owned_by: 'deepseek' }] };
  expect(await modelsOf('deepseek', answer)).toEqual([
    { modelKey: 'deepseek-chat', displayName: 'Deepseek chat', purpose: 'chat' },
  ]);
});

test('OpenRouter: prices as text, -1 too; 0 beside the main prices is no price', async () => {
  const answer = {
    data: [
      {
        id: 'anthropic/claude-sonnet-4',
        name: 'Anthropic: Claude Sonnet 4',
        created: 1_747_930_371,
        context_length: 200_000,
        architecture: { input_modalities: ['text', 'image'], output_modalities: ['text'] },
        pricing: {
          prompt: '0.000003',
          completion: '0.000015',
          internal_reasoning: '0',
          input_cache_read: '0.0000003',
          input_cache_write: '0.00000375',
        },
        top_provider: { context_length: 200_000, max_completion_tokens: 64_000 },
        supported_parameters: ['tools', 'reasoning'],
        knowledge_cutoff: '2025-03-31',
        expiration_date: null,
      },
      { id: 'openrouter/auto', pricing: { prompt: '-1', completion: '-1' } },
      { id: 'free/model:free', pricing: { prompt: '0', completion: '0' } },
    ],
  };
  const [claude, auto, free] = await modelsOf('openrouter', answer);
  expect(claude).toEqual({
    modelKey: 'anthropic/claude-sonnet-4',
    displayName: 'Anthropic: Claude Sonnet 4',
    purpose: 'chat',
    capabilities: {
      text: true,
      imageInput: true,
      tools: true,
      structuredOutput: false,
      reasoning: true,
      streaming: true,
    },
    contextWindow: 200_000,
    maxOutputTokens: 64_000,
    releasedAt: '2025-05-22T16:12:51.000Z',
    knowledgeCutoff: '2025-03-31',
    price: {
      unit: 'usd-per-token',
      input: '0.000003',
      cachedInput: '0.0000003',
      cacheWrite: '0.00000375',
      output: '0.000015',
    },
  });
  expect(auto?.price).toEqual({ unit: 'usd-per-token', input: '-1', output: '-1' });
  expect(free?.price).toEqual({ unit: 'usd-per-token', input: '0', output: '0' });
});

test('Ollama: tags; embeddings by family or by what the server says', async () => {
  const answer = {
    models: [
      { name: 'gemma3:4b', model: 'gemma3:4b', details: { families: ['gemma3'] } },
      { name: 'mxbai:latest', model: 'mxbai:latest', details: { families: ['bert'] } },
      { name: 'qwen3', model: 'qwen3', capabilities: ['completion', 'tools', 'thinking'] },
    ],
  };
  expect(await modelsOf('ollama', answer)).toEqual([
    { modelKey: 'gemma3:4b', displayName: 'gemma3:4b', purpose: 'chat' },
    { modelKey: 'mxbai:latest', displayName: 'mxbai:latest', purpose: 'embedding' },
    {
      modelKey: 'qwen3',
      displayName: 'qwen3',
      purpose: 'chat',
      capabilities: { text: true, imageInput: false, tools: true, reasoning: true },
    },
  ]);
});

test('OpenAI-compatible: bare lists, windows under many names, no date of the request', async () => {
  expect(
    await modelsOf('openai-compatible', [{ id: 'a/b', context_length: 4096, created: 1_766_520_693 }]),
  ).toEqual([{ modelKey: 'a/b', displayName: 'B', purpose: 'chat', contextWindow: 4096 }]);
  const data = [
    { id: 'v', max_model_len: 1 },
    { id: 'c', meta: { n_ctx_train: 2 } },
    { id: 'l', max_context_length: 3 },
  ];
  const models = await modelsOf('openai-compatible', { data });
  expect(models.map(({ contextWindow }) => contextWindow)).toEqual([1, 2, 3]);
});
