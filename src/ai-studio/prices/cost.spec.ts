import * as fc from 'fast-check';
import { costOf, toDisjoint, type DisjointUsage } from './cost';
import { tokenClasses, type PriceCard, type RateTier } from './price';

const usd = 1_000_000_000;
const flat = (nanoUsdPerMillion: number): RateTier[] => [{ aboveInputTokens: 0, nanoUsdPerMillion }];
const noon = new Date('2026-11-01T12:00:00Z');
const million = 1_000_000;
const count = fc.integer({ min: 0, max: 1_000_000_000 });

describe('costOf', () => {
  const card: PriceCard = { rates: { input: flat(2 * usd), output: flat(10 * usd) } };

  it.each([-1, 0.5, Number.NaN, Infinity, 2 ** 53])('refuses %p tokens', (tokens) => {
    for (const tokenClass of tokenClasses)
      expect(() => costOf(card, { [tokenClass]: tokens }, noon)).toThrow(RangeError);
  });

  it('refuses an invalid date', () => {
    expect(() => costOf(card, {}, new Date('never'))).toThrow(RangeError);
  });

  it('is unknown where a class that was used has no rate, and only there', () => {
    const embedding: PriceCard = { rates: { input: flat(usd) } };

    expect(costOf(embedding, { input: 1, output: 1 }, noon)).toBeNull();
    expect(costOf(embedding, { input: million, output: 0 }, noon)).toBe(BigInt(usd));
    expect(costOf({ rates: {} }, {}, noon)).toBe(0n);
  });

  it('charges a class without a rate as its fallback', () => {
    const all: DisjointUsage = {
      input: 1,
      cachedInput: 10,
      cacheWrite: 100,
      cacheWrite1h: 1_000,
      output: 10_000,
    };
    const usage = { ...all, reasoning: 100_000 };
    const cost = (rates: PriceCard['rates']) => costOf({ rates }, usage, noon);

    expect(cost({ input: flat(million), output: flat(2 * million) })).toBe(1_111n + 220_000n);
    expect(
      cost({ input: flat(million), cacheWrite: flat(3 * million), output: flat(0), reasoning: flat(0) }),
    ).toBe(11n + 3_300n);
    expect(
      cost({
        input: flat(0),
        cachedInput: flat(million),
        cacheWrite: flat(0),
        cacheWrite1h: flat(5 * million),
        output: flat(0),
        reasoning: flat(7 * million),
      }),
    ).toBe(10n + 5_000n + 700_000n);
  });

  it('chooses every tier by the input tokens of all classes together', () => {
    const tiered: PriceCard = {
      rates: {
        input: [...flat(million), { aboveInputTokens: 200, nanoUsdPerMillion: 2 * million }],
        output: [...flat(million), { aboveInputTokens: 200, nanoUsdPerMillion: 3 * million }],
      },
    };

    expect(costOf(tiered, { input: 100, cachedInput: 100, output: 1_000 }, noon)).toBe(1_200n);
    expect(costOf(tiered, { input: 100, cachedInput: 101, output: 1_000 }, noon)).toBe(3_402n);
    expect(costOf(tiered, { output: 1_000 }, noon)).toBe(1_000n);
  });

  it('charges by the hour, past midnight too', () => {
    const night: PriceCard = {
      rates: { input: flat(2 * million) },
      windows: [{ from: '16:30:00', to: '00:30:00', rates: { input: flat(million) } }],
    };
    const at = (time: string) => costOf(night, { input: 1 }, new Date(`2026-11-01T${time}Z`));

    expect(
      ['16:29:59.999', '16:30:00', '23:59:59.999', '00:00:00', '00:29:59.999', '00:30:00'].map(at),
    ).toEqual([2n, 1n, 1n, 1n, 1n, 2n]);
  });

  it('rounds once, half up', () => {
    const fine: PriceCard = { rates: { input: flat(500_000), output: flat(499_999) } };

    expect(costOf(fine, { input: 1 }, noon)).toBe(1n);
    expect(costOf(fine, { output: 1 }, noon)).toBe(0n);
    expect(costOf(fine, { input: 1, output: 1 }, noon)).toBe(1n);
    expect(costOf(fine, { input: 3 }, noon)).toBe(2n);
  });

  it('is exact where binary fractions are not', () => {
    const dear: PriceCard = { rates: { input: flat(1e15) } };

    expect(costOf(dear, { input: Number.MAX_SAFE_INTEGER }, noon)).toBe(
      9_007_199_254_740_991n * 1_000_000_000n,
    );
  });

  it('never falls when more tokens are used at the same rates', () => {
    fc.assert(
      fc.property(count, count, count, (input, output, more) => {
        const cost = costOf(card, { input, output }, noon) ?? -1n;
        const costOfMore = costOf(card, { input: input + more, output }, noon) ?? -1n;
        expect(costOfMore - cost).toBe(BigInt(more) * 2_000n);
      }),
    );
  });
});

describe('toDisjoint', () => {
  it('refuses counts that are none', () => {
    expect(() => toDisjoint({ inputTokens: -1, outputTokens: 0 })).toThrow(RangeError);
    expect(() => toDisjoint({ inputTokens: 1, outputTokens: 1, reasoningTokens: 0.5 })).toThrow(RangeError);
  });

  it.each([
    [{ inputTokens: null, outputTokens: 5 }],
    [{ inputTokens: 5 }],
    [{ cachedInputTokens: 5, outputTokens: 5 }],
  ])('is unknown without both totals: %p', (totals) => {
    expect(toDisjoint(totals)).toBeNull();
  });

  it('takes the parts out of their totals, and an unknown part for none', () => {
    const totals = { inputTokens: 100, cachedInputTokens: 60, cacheWriteTokens: 30, outputTokens: 20 };

    expect(toDisjoint({ ...totals, reasoningTokens: 15 })).toEqual({
      input: 10,
      cachedInput: 60,
      cacheWrite: 30,
      output: 5,
      reasoning: 15,
    });
    expect(toDisjoint({ inputTokens: 3, cachedInputTokens: null, outputTokens: 0 })).toEqual({
      input: 3,
      cachedInput: 0,
      cacheWrite: 0,
      output: 0,
      reasoning: 0,
    });
  });

  it('keeps both totals whatever the parts are', () => {
    const part = fc.option(count);
    fc.assert(
      fc.property(count, part, part, count, part, (input, cached, written, output, reasoning) => {
        const usage = toDisjoint({
          inputTokens: input,
          cachedInputTokens: cached,
          cacheWriteTokens: written,
          outputTokens: output,
          reasoningTokens: reasoning,
        });
        const {
          input: plain = 0,
          cachedInput = 0,
          cacheWrite = 0,
          output: answer = 0,
          reasoning: thought = 0,
        } = usage ?? {};
        expect(plain + cachedInput + cacheWrite).toBe(input);
        expect(answer + thought).toBe(output);
        expect(Math.min(plain, cachedInput, cacheWrite, answer, thought)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
