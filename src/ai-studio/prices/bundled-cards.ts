import type { ConditionalPrice, ModelInfo, ModelPrice } from '@pydantic/genai-prices';
import type { PriceCard, RateTier, Rates, TokenClass } from './price';
import type { DatedPriceCard } from './price-card';
import { toNanoUsdPerMillion } from './units';

/** The package's name of each token class. Its other keys (audio, images, searches, pages) are nothing we meter. */
const priceKeys: Record<TokenClass, string> = {
  input: 'input_mtok',
  cachedInput: 'cache_read_mtok',
  cacheWrite: 'cache_write_mtok',
  cacheWrite1h: 'cache_write_1h_mtok',
  output: 'output_mtok',
  reasoning: 'output_reasoning_mtok',
};

/**
 * The prices of a model of `@pydantic/genai-prices`, ascending by date; empty where none is for tokens. Throws for a price
 * that cannot be converted: the data are pinned, and a test converts them all.
 */
export function toDatedCards({ id, prices }: ModelInfo): DatedPriceCard[] {
  const conditional: ConditionalPrice[] = Array.isArray(prices) ? prices : [{ prices }];
  const starts = conditional.flatMap(({ constraint }) =>
    constraint?.type === 'start_date' ? [Date.parse(constraint.start_date)] : [],
  );
  const cards = [null, ...[...new Set(starts)].toSorted((a, b) => a - b)].map((start) => ({
    effectiveFrom: start === null ? null : new Date(start),
    card: cardFrom(id, conditional, start ?? -Infinity),
  }));
  return cards.some(({ card }) => isPriced(card)) ? cards : [];
}

/** The order of the package: the last price whose condition is met, and the first of all if none is. */
function cardFrom(id: string, conditional: ConditionalPrice[], at: number): PriceCard {
  const windows: NonNullable<PriceCard['windows']> = [];
  let base = conditional[0];
  for (const price of conditional.toReversed()) {
    const { constraint, prices } = price;
    if (constraint?.type === 'time_of_date') {
      // A window holds on all days, those before an earlier entry's start date too: so the package reads its data.
      const { start_time, end_time } = constraint;
      windows.push({ from: toUtcTime(start_time), to: toUtcTime(end_time), rates: toRates(id, prices) });
    } else if (!constraint || Date.parse(constraint.start_date) <= at) {
      base = price;
      break;
    }
  }
  const rates = toRates(id, base?.prices ?? {});
  return windows.length > 0 ? { rates, windows } : { rates };
}

/** `08:30:00+08:00` is `00:30:00`. */
function toUtcTime(time: string): string {
  return new Date(`1970-01-01T${time}`).toISOString().slice(11, 19);
}

function toRates(id: string, prices: ModelPrice): Rates {
  const rates: Rates = {};
  for (const [tokenClass, key] of Object.entries(priceKeys)) {
    const price = prices[key];
    // Object.entries widens the keys of a record to text.
    if (price !== undefined) rates[tokenClass as TokenClass] = toTiers(`${id}.${key}`, price);
  }
  return rates;
}

function toTiers(name: string, price: NonNullable<ModelPrice[string]>): RateTier[] {
  const { base, tiers } = typeof price === 'number' ? { base: price, tiers: [] } : price;
  return [{ start: 0, price: base }, ...tiers.toSorted((a, b) => a.start - b.start)].map((tier) => ({
    aboveInputTokens: tier.start,
    nanoUsdPerMillion: toNano(name, tier.price),
  }));
}

function toNano(name: string, price: number): number {
  const converted = toNanoUsdPerMillion(price, 'usd-per-million-tokens');
  if (!converted.ok) throw new Error(`The bundled price ${name} is ${price}: ${converted.reason}.`);
  return converted.nanoUsdPerMillion;
}

function isPriced({ rates, windows = [] }: PriceCard): boolean {
  return [rates, ...windows.map((window) => window.rates)].some((one) => Object.keys(one).length > 0);
}
