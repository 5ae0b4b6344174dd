import { tokenClasses, type PriceCard, type RateTier, type Rates, type TokenClass } from './price';

/** Tokens of one call by class, disjoint: whole numbers, absent is none. */
export type DisjointUsage = Partial<Record<TokenClass, number>>;

/** Tokens of one call as they are reported and kept: two totals and parts of them. Absent or `null` is unknown. */
export interface UsageTotals {
  inputTokens?: number | null | undefined;
  /** Part of the input. */
  cachedInputTokens?: number | null | undefined;
  /** Part of the input. */
  cacheWriteTokens?: number | null | undefined;
  outputTokens?: number | null | undefined;
  /** Part of the output. */
  reasoningTokens?: number | null | undefined;
}

/** Whose rates a class is charged at: the first of them that the card has. */
const chargedAs: Record<TokenClass, readonly TokenClass[]> = {
  input: ['input'],
  cachedInput: ['cachedInput', 'input'],
  cacheWrite: ['cacheWrite', 'input'],
  cacheWrite1h: ['cacheWrite1h', 'cacheWrite', 'input'],
  output: ['output'],
  reasoning: ['reasoning', 'output'],
};

/**
 * What a call costs, in whole nano-USD, rounded half up once at the end; `null` where tokens were used that the card has no
 * price for. The tier of every class, output too, is chosen by the input tokens of all classes together, and a rate
 * holds for all tokens of the call, not only for those above the border. `at` chooses among the hours of the day.
 * Throws `RangeError` for a count that is not a non-negative whole number, and for an invalid date.
 */
export function costOf(card: PriceCard, usage: DisjointUsage, at: Date): bigint | null {
  for (const tokenClass of tokenClasses) assertCount(tokenClass, usage[tokenClass] ?? 0);
  const rates = ratesAt(card, at);
  const inputTokens =
    (usage.input ?? 0) + (usage.cachedInput ?? 0) + (usage.cacheWrite ?? 0) + (usage.cacheWrite1h ?? 0);

  let nanoUsdTimesMillion = 0n;
  for (const tokenClass of tokenClasses) {
    const tokens = usage[tokenClass] ?? 0;
    if (tokens === 0) continue;
    const rate = findRate(rates, tokenClass, inputTokens);
    if (rate === null) return null;
    nanoUsdTimesMillion += BigInt(tokens) * BigInt(rate);
  }
  return (nanoUsdTimesMillion + 500_000n) / 1_000_000n;
}

/**
 * The disjoint classes of reported totals; `null` where input or output is unknown, since a part of a call has no price.
 * A part that is unknown is none. Parts that exceed their total are cut to it, what was read from the cache first: the
 * total is what a provider charges by. Throws `RangeError` as `costOf` does.
 */
export function toDisjoint(totals: UsageTotals): DisjointUsage | null {
  const { inputTokens, outputTokens } = totals;
  if (inputTokens == null || outputTokens == null) return null;
  assertCount('inputTokens', inputTokens);
  assertCount('outputTokens', outputTokens);
  const cachedInput = atMost('cachedInputTokens', totals.cachedInputTokens, inputTokens);
  const cacheWrite = atMost('cacheWriteTokens', totals.cacheWriteTokens, inputTokens - cachedInput);
  const reasoning = atMost('reasoningTokens', totals.reasoningTokens, outputTokens);
  return {
    input: inputTokens - cachedInput - cacheWrite,
    cachedInput,
    cacheWrite,
    output: outputTokens - reasoning,
    reasoning,
  };
}

function ratesAt({ rates, windows = [] }: PriceCard, at: Date): Rates {
  if (Number.isNaN(at.getTime())) throw new RangeError('The moment of a call must be a valid date.');
  if (windows.length === 0) return rates;
  const time = at.toISOString().slice(11, 19); // HH:MM:SS compares as text
  const open = windows.find(({ from, to }) =>
    to < from ? time >= from || time < to : time >= from && time < to,
  );
  return open?.rates ?? rates;
}

/** Nano-USD for a million tokens. */
function findRate(rates: Rates, tokenClass: TokenClass, inputTokens: number): number | null {
  const tiers = chargedAs[tokenClass].map((name) => rates[name]).find((found) => found !== undefined);
  return tiers ? rateOf(tiers, inputTokens) : null;
}

/** The first tier holds from 0 tokens on: a call may have output and no input. */
function rateOf(tiers: RateTier[], inputTokens: number): number | null {
  const tier = tiers.findLast(({ aboveInputTokens }) => inputTokens > aboveInputTokens) ?? tiers[0];
  return tier?.nanoUsdPerMillion ?? null;
}

function atMost(name: string, part: number | null | undefined, total: number): number {
  assertCount(name, part ?? 0);
  return Math.min(part ?? 0, total);
}

function assertCount(name: string, count: number): void {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new RangeError(`${name} must be a non-negative whole number of tokens, not ${count}.`);
  }
}
