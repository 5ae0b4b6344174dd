/**
 * The one table of price units. A unit differs from ours, nano-USD for a million tokens, by a power of ten: a price is
 * converted by moving the decimal point of its text, so that no binary fraction ever takes part.
 */
const units = {
  /** OpenRouter's list, as text; there `-1` stands for a price that depends on where the call is routed. */
  'usd-per-token': { decimals: 15, unknown: -1 },
  /** Price pages, the bundled price list, the operator's file. */
  'usd-per-million-tokens': { decimals: 9, unknown: null },
  /** xAI's `/v1/language-models`, whole numbers: 20000 is 0.01 USD × 20000 / 100 = 2 USD for a million. */
  'usd-cents-per-100-million-tokens': { decimals: 5, unknown: null },
} as const satisfies Record<string, { decimals: number; unknown: number | null }>;

export type PriceUnit = keyof typeof units;

// Object.keys widens the keys of a record to text.
export const priceUnits = Object.freeze(Object.keys(units) as PriceUnit[]);

/** Why a price is not one. `unknown`: the source says that it does not say. */
export type PriceRefusal = 'unknown' | 'negative' | 'notFinite' | 'notANumber' | 'tooPrecise' | 'tooLarge';

export type ConvertedPrice = { ok: true; nanoUsdPerMillion: number } | { ok: false; reason: PriceRefusal };

/** 1 USD for a token. Whatever is dearer was read in the wrong unit; below it every price is a safe integer. */
export const maxNanoUsdPerMillion = 1e15;

const decimalText = /^(?<sign>-?)(?<whole>\d+)(?:\.(?<fraction>\d+))?(?:e(?<exponent>[+-]?\d+))?$/i;
const notFiniteText = /^[+-]?(nan|inf|infinity)$/i;

/**
 * A listed price (a number, taken as its shortest decimal text, or decimal text) in integer nano-USD for a million
 * tokens. What is finer than that is rounded half up: some lists hold quotients such as 0.0000000333333. A price above
 * zero never becomes zero, it is refused as `tooPrecise`. Absent (`null`, `undefined`) is `unknown`.
 */
export function toNanoUsdPerMillion(value: unknown, unit: PriceUnit): ConvertedPrice {
  if (value === null || value === undefined) return refuse('unknown');
  if (typeof value !== 'number' && typeof value !== 'string') return refuse('notANumber');
  const text = String(value).trim();
  if (notFiniteText.test(text)) return refuse('notFinite');
  const groups = decimalText.exec(text)?.groups;
  if (!groups) return refuse('notANumber');

  const { sign, whole = '', fraction = '', exponent = '0' } = groups;
  const digits = (whole + fraction).replace(/^0+/, '');
  if (digits === '') return { ok: true, nanoUsdPerMillion: 0 };
  if (sign === '-') return refuse(Number(text) === units[unit].unknown ? 'unknown' : 'negative');
  return moveDecimalPoint(digits, Number(exponent) - fraction.length + units[unit].decimals);
}

/** `digits` × 10^`power`, where `digits` begins with none of 0. */
function moveDecimalPoint(digits: string, power: number): ConvertedPrice {
  const places = digits.length + power; // how many digits stand before the decimal point
  if (places > 16) return refuse('tooLarge');
  if (places < 0) return refuse('tooPrecise');
  const before = digits.slice(0, places).padEnd(places, '0');
  const roundUp = (digits[places] ?? '0') >= '5';
  const nanoUsdPerMillion = BigInt(before || '0') + (roundUp ? 1n : 0n);
  if (nanoUsdPerMillion === 0n) return refuse('tooPrecise');
  if (nanoUsdPerMillion > BigInt(maxNanoUsdPerMillion)) return refuse('tooLarge');
  return { ok: true, nanoUsdPerMillion: Number(nanoUsdPerMillion) };
}

function refuse(reason: PriceRefusal): ConvertedPrice {
  return { ok: false, reason };
}
