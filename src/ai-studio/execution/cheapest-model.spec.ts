import { findCheapest } from './cheapest-model';

const at = new Date('2026-11-23T12:00:00Z');
const rate = (nanoUsdPerMillion: number) => [{ aboveInputTokens: 0, nanoUsdPerMillion }];
const model = (
  id: string,
  prices?: [input: number, output: number],
  rest: { kind?: string; obstacle?: true } = {},
) => ({
  id,
  provider: { id: 'p', kind: rest.kind ?? 'openai', displayName: 'P', baseUrl: '', origin: '' },
  price: prices ? { id, card: { rates: { input: rate(prices[0]), output: rate(prices[1]) } } } : null,
  obstacle: rest.obstacle && { code: 'TOKEN_MISSING' as const, message: 'no key' },
});
const cheapest = (...models: ReturnType<typeof model>[]) => findCheapest(models, at)?.id;

describe('the cheapest model', () => {
  it('is the one that small work costs least at, reading more than it writes', () => {
    expect(cheapest(model('a', [300, 300]), model('b', [100, 900]), model('c', [200, 200]))).toBe('b');
    expect(cheapest(model('a', [100, 5_000]), model('b', [200, 200]))).toBe('b');
  });

  it('is the first in the order of the team where two cost the same', () => {
    expect(cheapest(model('a', [1, 1]), model('b', [1, 1]))).toBe('a');
  });

  it('is none that cannot be used', () => {
    expect(cheapest(model('a', [1, 1], { obstacle: true }), model('b', [9, 9]))).toBe('b');
    expect(cheapest(model('a', [1, 1], { obstacle: true }))).toBeUndefined();
    expect(cheapest()).toBeUndefined();
  });

  it('has a known price where one has, and is the sandbox only where nothing else is enabled', () => {
    const [unknown, sandbox] = [model('unknown'), model('sandbox', undefined, { kind: 'sandbox' })];
    expect(cheapest(sandbox, unknown, model('dear', [1_000_000, 1_000_000]))).toBe('dear');
    expect(cheapest(sandbox, unknown)).toBe('unknown');
    expect(cheapest(sandbox)).toBe('sandbox');
  });
});
