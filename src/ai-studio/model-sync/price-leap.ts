import { tokenClasses, type PriceCard, type Rates } from '../prices/price';

const mostTimes = 10;

/** Why a change of price is to be looked at by a person: more than ten times up or down, or free where it was not. */
export function findPriceLeap(before: PriceCard, after: PriceCard): string | undefined {
  for (const tokenClass of tokenClasses) {
    const [from, to] = [baseRate(before.rates, tokenClass), baseRate(after.rates, tokenClass)];
    if (from === undefined || to === undefined || from === to) continue;
    if (to === 0) return `${tokenClass} would be free, and was not`;
    if (from === 0) continue;
    if (to > from * mostTimes) return `${tokenClass} would cost more than ${mostTimes} times what it did`;
    if (to * mostTimes < from) return `${tokenClass} would cost less than a ${mostTimes}th of what it did`;
  }
  return undefined;
}

function baseRate(rates: Rates, tokenClass: keyof Rates): number | undefined {
  return rates[tokenClass]?.[0]?.nanoUsdPerMillion;
}
