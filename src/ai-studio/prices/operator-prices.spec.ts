import { parseOperatorPrices } from './operator-prices';

const parse = (models: Record<string, unknown>) => parseOperatorPrices(JSON.stringify({ models }));
const price = { unit: 'usd-per-million-tokens', input: 0.25, cachedInput: 0.025, output: 2 };

describe('parseOperatorPrices', () => {
  it.each([
    ['', 'is not JSON'],
    ['{"models":', 'is not JSON'],
    ['[]', 'the file:'],
    ['{}', 'models:'],
    ['{"models":{},"prices":{}}', 'the file: Unrecognized key: "prices"'],
  ])('refuses the text %p', (text, message) => {
    expect(() => parseOperatorPrices(text)).toThrow(message);
  });

  it.each([
    ['a name without a provider', 'gpt-5', {}, 'models["gpt-5"]: must be provider/model'],
    ['a name without a model', 'openai/', {}, 'models["openai/"]: must be provider/model'],
    ['an unknown key', 'a/b', { prize: 1 }, 'models["a/b"]: Unrecognized key: "prize"'],
    ['a window of no tokens', 'a/b', { contextWindow: 0 }, 'models["a/b"].contextWindow:'],
    ['a capability that is none', 'a/b', { capabilities: { smell: true } }, 'models["a/b"].capabilities:'],
    ['a date that is none', 'a/b', { price, effectiveFrom: '2026-13-01' }, 'models["a/b"].effectiveFrom:'],
    ['a date without a price', 'a/b', { effectiveFrom: '2026-11-01' }, 'models["a/b"].effectiveFrom:'],
  ])('refuses %s', (_, name, said, message) => {
    expect(() => parse({ [name]: said })).toThrow(message);
  });

  it.each([
    ['unit', 'eur', 'price.unit:'],
    ['input', undefined, 'price.input: must be a number or decimal text'],
    ['input', null, 'price.input: must be a number or decimal text'],
    ['input', -0.25, 'price.input: must not be negative'],
    ['output', '2 USD', 'price.output: must be a decimal number'],
    ['output', 'NaN', 'price.output: must be finite'],
    ['reasoning', 2e9, 'price.reasoning: must be at most 1 USD for a token'],
    ['cacheWrite', '1e-20', 'price.cacheWrite: must be 0 or at least one nano-USD'],
    ['audio', 1, 'price: Unrecognized key: "audio"'],
  ])('refuses a price with %s %p', (key, value, message) => {
    expect(() => parse({ 'openai/gpt-5': { price: { ...price, [key]: value } } })).toThrow(
      `models["openai/gpt-5"].${message}`,
    );
  });

  it('refuses -1 even in the unit where a list may say it', () => {
    const perToken = { unit: 'usd-per-token', input: '-1', output: '0.000002' };
    expect(() => parse({ 'openai/gpt-5': { price: perToken } })).toThrow('price.input: -1 is no price');
  });

  it('names all that is wrong at once', () => {
    const refused = () => parse({ 'a/b': { price: { ...price, input: -1, output: 'x' } }, c: {} });
    expect(refused).toThrow(/price\.input.*\n.*price\.output.*\n.*models\.c/);
  });

  it('takes what is said, and nothing else', () => {
    const rate = (nanoUsdPerMillion: number) => [{ aboveInputTokens: 0, nanoUsdPerMillion }];
    const said = { displayName: 'GPT-5 mini', contextWindow: 400_000, capabilities: { tools: true } };

    expect(
      parse({
        'openai/gpt-5-mini': { ...said, price, effectiveFrom: '2026-11-01' },
        'openrouter/openai/gpt-5': { maxOutputTokens: 1_000 },
      }),
    ).toEqual([
      {
        providerId: 'openai',
        modelKey: 'gpt-5-mini',
        ...said,
        price: {
          rates: { input: rate(250_000_000), cachedInput: rate(25_000_000), output: rate(2_000_000_000) },
        },
        effectiveFrom: new Date('2026-11-01'),
      },
      { providerId: 'openrouter', modelKey: 'openai/gpt-5', maxOutputTokens: 1_000 },
    ]);
  });
});
