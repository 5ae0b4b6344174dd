import { readFileSync } from 'node:fs';
import { bundledPriceInfo, findBundledPrices, listBundledModels } from './bundled-prices';
import { listCatalogue, packageNames } from './package-catalogue.spec-support';
import { priceCardSchema, selectCard } from './price-card';

const providerIds = Object.keys(packageNames);

describe('bundledPriceInfo', () => {
  it('names the version that is installed', () => {
    const path = `${process.cwd()}/node_modules/${bundledPriceInfo.name}/package.json`;
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ version: bundledPriceInfo.version });
  });
});

describe('findBundledPrices', () => {
  it.each([
    ['ollama', 'gpt-5'],
    ['sandbox', 'echo'],
    ['__proto__', 'gpt-5'],
    ['x-ai', 'grok-4.3'],
    ['openai', ''],
    ['openai', 'no-such-model'],
    ['openai', `gpt-5${'x'.repeat(300)}`],
    ['openrouter', '模型/ gpt 5'],
    ['mistral', 'mistral-ocr-latest'],
  ])('finds none for %s %s', (providerId, modelKey) => {
    expect(findBundledPrices(providerId, modelKey)).toEqual([]);
  });

  it('gives whole, ascending cards for every entry of the catalogue', () => {
    for (const { providerId, modelKey } of listCatalogue().models) {
      const prices = findBundledPrices(providerId, modelKey);
      for (const { card } of prices) expect(priceCardSchema.parse(card)).toEqual(card);
      const begins = prices.map(({ effectiveFrom }) => effectiveFrom?.getTime() ?? -Infinity);
      expect(begins).toEqual([...new Set(begins)].toSorted((a, b) => a - b));
    }
  });

  it('follows the names of the package: dated ids, its own name of a provider', () => {
    expect(findBundledPrices('anthropic', 'claude-sonnet-4-5-20250929')).toEqual(
      findBundledPrices('anthropic', 'claude-sonnet-4-5'),
    );
    expect(findBundledPrices('xai', 'grok-4.3')).toHaveLength(1);
  });

  it('dates a price that changed', () => {
    const prices = findBundledPrices('openai', 'o3');

    expect(prices.map(({ effectiveFrom }) => effectiveFrom)).toEqual([null, new Date('2025-06-10')]);
    expect(selectCard(prices, new Date('2025-06-09'))?.card.rates.input).toEqual([
      { aboveInputTokens: 0, nanoUsdPerMillion: 10_000_000_000 },
    ]);
  });

  it('keeps tiers, and hours', () => {
    expect(findBundledPrices('google', 'gemini-2.5-pro')[0]?.card.rates.output).toEqual([
      { aboveInputTokens: 0, nanoUsdPerMillion: 10_000_000_000 },
      { aboveInputTokens: 200_000, nanoUsdPerMillion: 15_000_000_000 },
    ]);
    expect(findBundledPrices('deepseek', 'deepseek-chat')[0]?.card.windows).toMatchObject([
      { from: '00:30:00', to: '16:30:00' },
    ]);
  });
});

describe('listBundledModels', () => {
  const keysOf = (providerId: string) => listBundledModels(providerId).map(({ modelKey }) => modelKey);

  it('knows no model of a provider without a price list', () => {
    expect(['ollama', 'sandbox', 'toString'].flatMap(listBundledModels)).toEqual([]);
  });

  it('leaves out what is no id to call: families, names of other companies', () => {
    for (const key of ['ft:gpt-3.5-turbo-', 'gpt-4o-mini-2024-07-18.ft-', 'gpt-4o:extended', 'moderation'])
      expect(keysOf('openai')).not.toContain(key);
    expect(keysOf('google').filter((key) => key.startsWith('claude'))).toEqual([]);
    expect(keysOf('mistral')).not.toContain('codestral');
    expect(keysOf('openrouter').filter((key) => !key.includes('/'))).toEqual([]);
  });

  it.each(providerIds)('gives %s models once each, found again by their own id', (providerId) => {
    const models = listBundledModels(providerId);

    expect(new Set(models.map(({ modelKey }) => modelKey)).size).toBe(models.length);
    for (const { modelKey, prices } of models)
      expect(findBundledPrices(providerId, modelKey)).toEqual(prices);
  });

  it.each(providerIds)('has chat models of %s, all with prices for input and output', (providerId) => {
    const chat = listBundledModels(providerId).filter(({ purpose }) => purpose === 'chat');

    expect(chat.length).toBeGreaterThan(5);
    for (const { prices } of chat)
      for (const { card } of prices)
        expect(Object.keys(card.rates)).toEqual(expect.arrayContaining(['input', 'output']));
  });

  it.each([
    ['openai', 'gpt-5-mini', 'chat'],
    ['openai', 'text-embedding-3-small', 'embedding'],
    ['mistral', 'mistral-embed', 'embedding'],
    ['openai', 'gpt-image-1', 'image'],
    ['google', 'gemini-2.5-flash-image', 'image'],
    ['openai', 'gpt-realtime', 'audio'],
    ['groq', 'whisper-large-v3', 'audio'],
    ['groq', 'llama-guard-3-8b', 'moderation'],
    ['openai', 'davinci', 'other'],
    ['mistral', 'mistral-ocr-latest', 'other'],
    ['openrouter', 'openai/gpt-6-sol:batch', 'other'],
  ])('takes %s %s for %s', (providerId, modelKey, purpose) => {
    expect(listBundledModels(providerId).find((model) => model.modelKey === modelKey)).toMatchObject({
      purpose,
    });
  });

  it('tells name, context window and what is on its way out', () => {
    const [gpt] = listBundledModels('openai').filter(({ modelKey }) => modelKey === 'gpt-5-mini');
    expect(gpt).toMatchObject({ displayName: 'GPT-5 mini', contextWindow: 400_000, deprecated: false });

    const [grok] = listBundledModels('xai').filter(({ modelKey }) => modelKey === 'grok-2-1212');
    expect(grok).toMatchObject({ deprecated: true });
  });
});
