import { tokenClasses, type PriceCard, type Rates, type TokenClass } from '../prices/price';

const mostTimes = 10;
/** Nobody has ever asked for more; a price in the wrong unit does. 1,000 USD for a million tokens. */
const mostNanoUsdPerMillion = 1_000 * 1e9;

/** As what a class is charged that has no price of its own; the order of `cost.ts`. */
const chargedAs: Partial<Record<TokenClass, TokenClass>> = {
  cachedInput: 'input',
  cacheWrite: 'input',
  cacheWrite1h: 'cacheWrite',
  reasoning: 'output',
};

/**
 * Why a new price is to be looked at by a person: more than ten times up or down, free where it was not, beyond all
 * measure, or without the tiers and hours that the known one has.
 */
export function findPriceLeap(before: PriceCard | undefined, after: PriceCard): string | undefined {
  for (const tokenClass of tokenClasses) {
    const to = baseRate(after.rates, tokenClass);
    if (to === undefined) continue;
    if (to > mostNanoUsdPerMillion)
      return `${tokenClass} would cost more than 1,000 USD for a million tokens`;
    const from = before && baseRate(before.rates, tokenClass);
    if (from === undefined || from === to) continue;
    if (to === 0) return `${tokenClass} would be free, and was not`;
    if (from === 0) continue;
    if (to > from * mostTimes) return `${tokenClass} would cost more than ${mostTimes} times what it did`;
    if (to * mostTimes < from) return `${tokenClass} would cost less than a ${mostTimes}th of what it did`;
  }
  return before && !isFlat(before) && isFlat(after)
    ? 'it depended on the number of tokens or the hour, and would no longer'
    : undefined;
}

/** A list without tiers says the same as a card with them where the first tiers agree: the card stays. */
export function isTheSameWithoutTiers(listed: PriceCard, known: PriceCard): boolean {
  if (!isFlat(listed) || isFlat(known)) return false;
  const said = tokenClasses.filter((tokenClass) => listed.rates[tokenClass] !== undefined);
  return said.every((tokenClass) => baseRate(listed.rates, tokenClass) === baseRate(known.rates, tokenClass));
}

function isFlat({ rates, windows = [] }: PriceCard): boolean {
  return windows.length === 0 && tokenClasses.every((tokenClass) => (rates[tokenClass]?.length ?? 0) <= 1);
}

function baseRate(rates: Rates, tokenClass: TokenClass): number | undefined {
  const instead = chargedAs[tokenClass];
  return (
    rates[tokenClass]?.[0]?.nanoUsdPerMillion ??
    (instead === undefined ? undefined : baseRate(rates, instead))
  );
}
