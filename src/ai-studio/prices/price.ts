/**
 * Kinds of tokens that are priced apart. They are disjoint: `input` is what was neither read from nor written to a
 * cache, `output` is what is not reasoning. Their sum is the whole of a call.
 */
export const tokenClasses = [
  'input',
  'cachedInput',
  'cacheWrite',
  'cacheWrite1h',
  'output',
  'reasoning',
] as const;
export type TokenClass = (typeof tokenClasses)[number];

/**
 * What one token class costs, in integer nano-USD for a million tokens: some prices are fractions of a nano-USD for one
 * token (0.0375 USD for a million is 37.5), and none that any provider lists is a fraction for a million.
 */
export interface RateTier {
  /** The tier holds for a call whose input tokens, of all classes together, are more than this; 0 for the first. */
  aboveInputTokens: number;
  nanoUsdPerMillion: number;
}

/** Tiers of each class, in ascending order. A class that is absent is charged as its fallback; see `cost.ts`. */
export type Rates = Partial<Record<TokenClass, RateTier[]>>;

/** What a model costs. */
export interface PriceCard {
  rates: Rates;
  /** Hours of the day (UTC, `HH:MM:SS`) in which other rates hold; a window may pass midnight. */
  windows?: { from: string; to: string; rates: Rates }[];
}

/** Where a price comes from, the strongest first: the operator's file, the provider's own list, the bundled price list. */
export const priceSources = ['operator', 'provider', 'bundled', 'manual'] as const;
export type PriceSource = (typeof priceSources)[number];
