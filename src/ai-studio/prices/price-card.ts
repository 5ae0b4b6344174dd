import { z } from 'zod';
import { tokenClasses, type PriceCard, type RateTier, type Rates, type TokenClass } from './price';
import { maxNanoUsdPerMillion, toNanoUsdPerMillion, type PriceRefusal, type PriceUnit } from './units';

/** A price with the moment from which it holds, UTC; `null` is "always until the next one". */
export interface DatedPriceCard {
  effectiveFrom: Date | null;
  card: PriceCard;
}

/** A price by token class, as somebody lists it: numbers or decimal text, `null` or absent where nothing is said. */
export type ClassPrices = { unit: PriceUnit } & { [tokenClass in TokenClass]?: unknown };

/** A listed price that cannot be used. */
export interface RefusedPrice {
  tokenClass: TokenClass;
  value: unknown;
  reason: PriceRefusal;
}

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/, 'must be a time of day, HH:MM:SS');

const tiers = z
  .array(
    z.strictObject({
      aboveInputTokens: z.int().min(0),
      nanoUsdPerMillion: z.int().min(0).max(maxNanoUsdPerMillion),
    }),
  )
  .refine(isAscendingFromZero, 'must begin with aboveInputTokens 0 and ascend');

const rates = z.partialRecord(z.enum(tokenClasses), tiers);

/** A price card from outside, a stored one too: strict, with tiers from 0 up. */
export const priceCardSchema: z.ZodType<PriceCard> = z.strictObject({
  rates,
  windows: z.array(z.strictObject({ from: timeOfDay, to: timeOfDay, rates })).optional(),
});

/** What of a listed price can be used, as a card without tiers, and what cannot. What is unknown is in neither. */
export function toPriceCard(listed: ClassPrices): { card: PriceCard; refused: RefusedPrice[] } {
  const card: PriceCard = { rates: {} };
  const refused: RefusedPrice[] = [];
  for (const tokenClass of tokenClasses) {
    const value = listed[tokenClass];
    const price = toNanoUsdPerMillion(value, listed.unit);
    if (price.ok) {
      card.rates[tokenClass] = [{ aboveInputTokens: 0, nanoUsdPerMillion: price.nanoUsdPerMillion }];
    } else if (price.reason !== 'unknown') {
      refused.push({ tokenClass, value, reason: price.reason });
    }
  }
  return { card, refused };
}

/** The price that holds at a moment: the newest that has begun, the later in the list of two that began together. */
export function selectCard<T extends Pick<DatedPriceCard, 'effectiveFrom'>>(
  cards: readonly T[],
  at: Date,
): T | null {
  const begin = ({ effectiveFrom }: T): number => effectiveFrom?.getTime() ?? -Infinity;
  let selected: T | null = null;
  for (const card of cards) {
    if (begin(card) <= at.getTime() && (!selected || begin(card) >= begin(selected))) selected = card;
  }
  return selected;
}

/** Whether two cards charge alike: the order of classes does not matter, that of windows does (the first one wins). */
export function cardsEqual(a: PriceCard, b: PriceCard): boolean {
  return canonical(a) === canonical(b);
}

function canonical({ rates, windows = [] }: PriceCard): string {
  return JSON.stringify([
    canonicalRates(rates),
    windows.map((window) => [window.from, window.to, canonicalRates(window.rates)]),
  ]);
}

function canonicalRates(rates: Rates): unknown[] {
  return tokenClasses.map((tokenClass) =>
    rates[tokenClass]?.map((tier) => [tier.aboveInputTokens, tier.nanoUsdPerMillion]),
  );
}

function isAscendingFromZero(list: RateTier[]): boolean {
  return (
    list[0]?.aboveInputTokens === 0 &&
    list.every(
      ({ aboveInputTokens }, index) =>
        index === 0 || aboveInputTokens > (list[index - 1]?.aboveInputTokens ?? 0),
    )
  );
}
