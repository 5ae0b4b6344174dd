import type { PriceCard, RateTier } from './price';
import { cardsEqual, priceCardSchema, selectCard, toPriceCard } from './price-card';

const flat = (nanoUsdPerMillion: number): RateTier[] => [{ aboveInputTokens: 0, nanoUsdPerMillion }];

describe('priceCardSchema', () => {
  const tier = { aboveInputTokens: 0, nanoUsdPerMillion: 5 };

  it.each([
    ['no rates', {}],
    ['a class that is not ours', { rates: { audio: [tier] } }],
    ['a class without tiers', { rates: { input: [] } }],
    ['a first tier above 0', { rates: { input: [{ ...tier, aboveInputTokens: 1 }] } }],
    ['two tiers from the same border', { rates: { input: [tier, tier] } }],
    ['a negative price', { rates: { input: [{ ...tier, nanoUsdPerMillion: -1 }] } }],
    ['a fraction', { rates: { input: [{ ...tier, nanoUsdPerMillion: 0.5 }] } }],
    ['more than 1 USD for a token', { rates: { input: [{ ...tier, nanoUsdPerMillion: 1e15 + 1 }] } }],
    ['an unknown key', { rates: {}, currency: 'EUR' }],
    ['an hour that is none', { rates: {}, windows: [{ from: '24:00:00', to: '08:00:00', rates: {} }] }],
  ])('refuses %s', (_, card) => {
    expect(priceCardSchema.safeParse(card).success).toBe(false);
  });

  it('takes tiers and windows', () => {
    const card: PriceCard = {
      rates: { input: [tier, { aboveInputTokens: 200_000, nanoUsdPerMillion: 9 }], output: flat(7) },
      windows: [{ from: '16:30:00', to: '00:30:00', rates: { input: flat(1) } }],
    };

    expect(priceCardSchema.parse(JSON.parse(JSON.stringify(card)))).toEqual(card);
  });
});

describe('toPriceCard', () => {
  it('refuses what is no price, passes over what is unknown, and takes the rest', () => {
    const listed = {
      unit: 'usd-per-token',
      input: '0.000001',
      cachedInput: '-1',
      output: '-2',
      reasoning: null,
    } as const;

    expect(toPriceCard(listed)).toEqual({
      card: { rates: { input: flat(1_000_000_000) } },
      refused: [{ tokenClass: 'output', value: '-2', reason: 'negative' }],
    });
  });
});

describe('selectCard', () => {
  const always = { name: 'always', effectiveFrom: null };
  const june = { name: 'june', effectiveFrom: new Date('2026-06-01') };
  const july = { name: 'july', effectiveFrom: new Date('2026-07-01') };

  it('finds none before the first', () => {
    expect(selectCard([], new Date())).toBeNull();
    expect(selectCard([july, june], new Date('2026-05-31T23:59:59.999Z'))).toBeNull();
  });

  it('finds the newest that has begun, in any order', () => {
    expect(selectCard([july, always, june], new Date('2026-05-31T23:59:59.999Z'))).toBe(always);
    expect(selectCard([july, always, june], new Date('2026-06-01'))).toBe(june);
    expect(selectCard([july, always, june], new Date('2026-12-01'))).toBe(july);
  });

  it('finds the later in the list of two that began together', () => {
    const corrected = { ...july, name: 'corrected' };
    expect(selectCard([july, corrected], july.effectiveFrom)).toBe(corrected);
  });
});

describe('cardsEqual', () => {
  it('sees another rate, another border, another class and another window', () => {
    const card: PriceCard = { rates: { input: flat(1), output: flat(2) } };
    const others: PriceCard[] = [
      { rates: { input: flat(1), output: flat(3) } },
      { rates: { input: flat(1) } },
      { rates: { input: flat(1), reasoning: flat(2) } },
      { rates: { ...card.rates, input: [...flat(1), { aboveInputTokens: 9, nanoUsdPerMillion: 1 }] } },
      { ...card, windows: [{ from: '00:00:00', to: '08:00:00', rates: {} }] },
    ];

    for (const other of others) expect(cardsEqual(card, other)).toBe(false);
  });

  it('does not see the order of classes, nor a list of no windows', () => {
    const card: PriceCard = { rates: { input: flat(1), output: flat(2) } };

    expect(cardsEqual(card, { windows: [], rates: { output: flat(2), input: flat(1) } })).toBe(true);
  });
});
