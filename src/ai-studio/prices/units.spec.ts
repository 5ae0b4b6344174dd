import * as fc from 'fast-check';
import { maxNanoUsdPerMillion, priceUnits, toNanoUsdPerMillion, type PriceUnit } from './units';

const price = (nanoUsdPerMillion: number) => ({ ok: true, nanoUsdPerMillion });
const refusal = (reason: string) => ({ ok: false, reason });

describe('toNanoUsdPerMillion', () => {
  it.each([
    ['what is absent', null, 'unknown'],
    ['what is absent', undefined, 'unknown'],
    ['a negative number', -0.5, 'negative'],
    ['negative text', '-0.0000001', 'negative'],
    ['NaN', Number.NaN, 'notFinite'],
    ['NaN as text', 'NaN', 'notFinite'],
    ['infinity', -Infinity, 'notFinite'],
    ['infinity as text', 'inf', 'notFinite'],
    ['an empty text', '', 'notANumber'],
    ['a word', 'free', 'notANumber'],
    ['a currency', '$0.25', 'notANumber'],
    ['a decimal comma', '0,25', 'notANumber'],
    ['hexadecimal', '0x10', 'notANumber'],
    ['a truth value', true, 'notANumber'],
    ['an object', { usd: 1 }, 'notANumber'],
    ['what would round to zero', '1e-30', 'tooPrecise'],
    ['an absurd exponent down', '1e-99999999999999999999', 'tooPrecise'],
    ['an absurd exponent up', `1e${'9'.repeat(400)}`, 'tooLarge'],
    ['an absurd number of digits', '9'.repeat(100_000), 'tooLarge'],
    ['the largest number', Number.MAX_VALUE, 'tooLarge'],
  ])('refuses %s: %p', (_, value, reason) => {
    for (const unit of priceUnits) expect(toNanoUsdPerMillion(value, unit)).toEqual(refusal(reason));
  });

  it('takes -1 for unknown only where the source uses it so', () => {
    expect(toNanoUsdPerMillion('-1', 'usd-per-token')).toEqual(refusal('unknown'));
    expect(toNanoUsdPerMillion(-1, 'usd-per-token')).toEqual(refusal('unknown'));
    expect(toNanoUsdPerMillion('-1.5', 'usd-per-token')).toEqual(refusal('negative'));
    expect(toNanoUsdPerMillion('-1', 'usd-per-million-tokens')).toEqual(refusal('negative'));
    expect(toNanoUsdPerMillion(-1, 'usd-cents-per-100-million-tokens')).toEqual(refusal('negative'));
  });

  it('refuses more than 1 USD for a token, and takes that', () => {
    expect(toNanoUsdPerMillion('1', 'usd-per-token')).toEqual(price(maxNanoUsdPerMillion));
    expect(toNanoUsdPerMillion('1.000000000000001', 'usd-per-token')).toEqual(refusal('tooLarge'));
  });

  it.each<[unknown, PriceUnit, number]>([
    ['0.00000025', 'usd-per-token', 250_000_000],
    [0.000_000_25, 'usd-per-token', 250_000_000],
    [1e-7, 'usd-per-token', 100_000_000],
    ['1e-7', 'usd-per-token', 100_000_000],
    ['2.5E-07', 'usd-per-token', 250_000_000],
    ['0', 'usd-per-token', 0],
    [-0, 'usd-per-token', 0],
    ['0e99999', 'usd-per-token', 0],
    [' 0.000003 ', 'usd-per-token', 3_000_000_000],
    ['0000.0000010', 'usd-per-token', 1_000_000_000],
    [0.0375, 'usd-per-million-tokens', 37_500_000],
    [0.003_625, 'usd-per-million-tokens', 3_625_000],
    ['2', 'usd-per-million-tokens', 2_000_000_000],
    [1.1, 'usd-per-million-tokens', 1_100_000_000],
    [1e-9, 'usd-per-million-tokens', 1],
    [20_000, 'usd-cents-per-100-million-tokens', 2_000_000_000],
    [2_000, 'usd-cents-per-100-million-tokens', 200_000_000],
    ['1', 'usd-cents-per-100-million-tokens', 100_000],
  ])('reads %p in %s', (value, unit, nanoUsdPerMillion) => {
    expect(toNanoUsdPerMillion(value, unit)).toEqual(price(nanoUsdPerMillion));
  });

  it('rounds quotients half up to a whole nano-USD', () => {
    expect(toNanoUsdPerMillion('0.083333333333333333333333333', 'usd-per-million-tokens')).toEqual(
      price(83_333_333),
    );
    expect(toNanoUsdPerMillion('0.0000000005', 'usd-per-million-tokens')).toEqual(price(1));
    expect(toNanoUsdPerMillion('0.9999999995', 'usd-per-million-tokens')).toEqual(price(1_000_000_000));
    expect(toNanoUsdPerMillion('0.00000000049999', 'usd-per-million-tokens')).toEqual(refusal('tooPrecise'));
  });

  it('reads the same price the same in every unit and spelling', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000_000 }), (cents) => {
        const expected = price(cents * 100_000);
        const perMillion = `${cents}e-4`;
        expect(toNanoUsdPerMillion(cents, 'usd-cents-per-100-million-tokens')).toEqual(expected);
        expect(toNanoUsdPerMillion(perMillion, 'usd-per-million-tokens')).toEqual(expected);
        expect(toNanoUsdPerMillion(Number(perMillion), 'usd-per-million-tokens')).toEqual(expected);
        expect(toNanoUsdPerMillion(`${cents}e-10`, 'usd-per-token')).toEqual(expected);
        expect(toNanoUsdPerMillion(`0.${String(cents).padStart(10, '0')}`, 'usd-per-token')).toEqual(
          expected,
        );
      }),
    );
  });

  it('never throws, and never gives anything but a whole, safe price', () => {
    const anything = fc.oneof(fc.anything(), fc.string(), fc.double(), fc.bigInt(), fc.double().map(String));
    fc.assert(
      fc.property(anything, fc.constantFrom(...priceUnits), (value, unit) => {
        const result = toNanoUsdPerMillion(value, unit);
        if (result.ok) expect(Number.isSafeInteger(result.nanoUsdPerMillion)).toBe(true);
        if (result.ok) expect(result.nanoUsdPerMillion).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 2_000 },
    );
  });
});
