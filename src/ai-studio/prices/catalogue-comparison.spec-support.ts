import { calcPrice, type ModelInfo, type Provider } from '@pydantic/genai-prices';
import * as fc from 'fast-check';
import { findBundledPrices } from './bundled-prices';
import { costOf, type DisjointUsage } from './cost';
import { conditionalOf, listCatalogue, type CatalogueModel } from './package-catalogue.spec-support';
import { tokenClasses, type PriceCard } from './price';
import { selectCard } from './price-card';

/** Why the two may differ and nobody is wrong; each case is checked for being what the reason says. */
const exclusionReasons = {
  unpricedClass:
    'Tokens were used that the list has no price for: the package charges nothing for them, we say that the cost is unknown. The tokens that have a price must cost the same.',
  roundedPrice:
    'The list has a price with more than nine decimals (0.0833333333333333 USD for a million), which we keep as a whole number of nano-USD: it may differ by half a nano-USD for each million tokens.',
  unreachable: 'No model id leads to this entry by the rules of the package, so nobody can be charged by it.',
} as const;

type ExclusionReason = keyof typeof exclusionReasons;

interface Comparison {
  verdict: 'equal' | 'different' | ExclusionReason;
  detail: string;
}

interface Exclusion {
  why: string;
  models: number;
  comparisons: number;
}

export interface CatalogueReport {
  models: number;
  /** Models that have no price for tokens at all: both sides are compared, ours is unknown. */
  modelsWithoutTokenPrices: number;
  moments: number;
  /** Usage shapes in all, over all models. */
  shapes: number;
  comparisons: number;
  disagreements: string[];
  exclusions: Record<ExclusionReason, Exclusion>;
}

/** Compares every model at each of its moments, over the fixed shapes of its borders and random ones. */
export function compareCatalogue(randomShapes = 25, seed = 20_260_923): CatalogueReport {
  const { models, unreachable } = listCatalogue();
  const random = fc.sample(shapeArbitrary, { numRuns: randomShapes, seed });
  const report: CatalogueReport = {
    models: models.length,
    modelsWithoutTokenPrices: 0,
    moments: 0,
    shapes: 0,
    comparisons: 0,
    disagreements: [],
    exclusions: {
      unpricedClass: { why: exclusionReasons.unpricedClass, models: 0, comparisons: 0 },
      roundedPrice: { why: exclusionReasons.roundedPrice, models: 0, comparisons: 0 },
      unreachable: { why: exclusionReasons.unreachable, models: unreachable, comparisons: 0 },
    },
  };
  for (const model of models) {
    const usages = [...fixedShapes(model), ...random.map((shape) => toUsage(model, shape))];
    if (findBundledPrices(model.providerId, model.modelKey).length === 0)
      report.modelsWithoutTokenPrices += 1;
    report.moments += model.moments.length;
    report.shapes += usages.length;
    const met = new Set<ExclusionReason>();
    for (const at of model.moments) {
      const compare = comparerAt(model, at);
      for (const usage of usages) {
        const { verdict, detail } = compare(usage);
        report.comparisons += 1;
        if (verdict === 'different') report.disagreements.push(detail);
        if (verdict === 'different' || verdict === 'equal') continue;
        report.exclusions[verdict].comparisons += 1;
        met.add(verdict);
      }
    }
    for (const reason of met) report.exclusions[reason].models += 1;
  }
  return report;
}

/** A random shape: the total at a border of the model's tiers or free, and how both totals are divided. */
export interface Shape {
  border: number;
  offset: number;
  free: number | null;
  inputParts: readonly [number, number, number, number];
  output: number;
  reasoningShare: number;
}

const part = fc.nat(100);
export const shapeArbitrary: fc.Arbitrary<Shape> = fc.record({
  border: fc.nat(20),
  offset: fc.constantFrom(-1, 0, 1),
  free: fc.option(fc.oneof(fc.nat(2_000), fc.nat(3_000_000), fc.nat(2_000_000_000))),
  inputParts: fc.tuple(part, part, part, part),
  output: fc.oneof(fc.constant(0), fc.nat(3_000), fc.nat(5_000_000)),
  reasoningShare: fc.oneof(fc.constant(0), fc.constant(100), part),
});

export function toUsage({ borders }: CatalogueModel, shape: Shape): Required<DisjointUsage> {
  const border = borders[shape.border % borders.length] ?? 0;
  const total = shape.free ?? Math.max(0, border + shape.offset);
  const weight = shape.inputParts.reduce((sum, one) => sum + one, 0) || 1;
  const [, cachedInput, cacheWrite, cacheWrite1h] = shape.inputParts.map((one) =>
    Math.floor((total * one) / weight),
  ) as [number, number, number, number]; // `map` loses the length of a tuple
  const reasoning = Math.floor((shape.output * shape.reasoningShare) / 100);
  return {
    input: total - cachedInput - cacheWrite - cacheWrite1h,
    cachedInput,
    cacheWrite,
    cacheWrite1h,
    output: shape.output - reasoning,
    reasoning,
  };
}

/** Compares the costs of one model at one moment. */
export function comparerAt(model: CatalogueModel, at: Date): (usage: Required<DisjointUsage>) => Comparison {
  const cards = findBundledPrices(model.providerId, model.modelKey);
  const card: PriceCard = selectCard(cards, at)?.card ?? { rates: {} };
  const priced = tokenClasses.filter((tokenClass) => costOf(card, { [tokenClass]: 1 }, at) !== null);
  // The model has been found by the package's rules; without the others each price is found sooner.
  const provider = { ...model.provider, models: [model.info] };
  const roundedPerToken = hasFinePrice(model.info) ? 0.5e-6 : 0;

  return (usage) => {
    const theirs = priceByPackage(provider, model.modelKey, usage, at);
    const ours = costOf(card, usage, at);
    const pricedUsage = Object.fromEntries(priced.map((tokenClass) => [tokenClass, usage[tokenClass]]));
    const tokens = tokenClasses.reduce((sum, tokenClass) => sum + usage[tokenClass], 0);
    const difference = Math.abs(Number(ours ?? costOf(card, pricedUsage, at)) - theirs);
    // The package reports binary fractions of USD: half a nano-USD is our rounding, the rest is theirs.
    const tolerance = 0.500_001 + Math.abs(theirs) * 1e-12;
    const detail = `${model.providerId} ${model.modelKey} at ${at.toISOString()}: ${JSON.stringify(usage)} costs ${ours}, by the package ${theirs} nano-USD`;
    if (difference <= tolerance) return { verdict: ours === null ? 'unpricedClass' : 'equal', detail };
    const rounded = difference <= tolerance + tokens * roundedPerToken;
    return { verdict: rounded ? 'roundedPrice' : 'different', detail };
  };
}

function hasFinePrice(info: ModelInfo): boolean {
  return conditionalOf(info)
    .flatMap(({ prices }) => Object.values(prices))
    .flatMap((price) =>
      typeof price === 'object' ? [price.base, ...price.tiers.map((t) => t.price)] : price,
    )
    .some((price) => price !== undefined && Number(price.toFixed(9)) !== price);
}

/** In nano-USD. `input_tokens` and `output_tokens` are totals there, `cache_write_tokens` too. */
function priceByPackage(
  provider: Provider,
  modelKey: string,
  usage: Required<DisjointUsage>,
  timestamp: Date,
): number {
  const cacheWrite = usage.cacheWrite + usage.cacheWrite1h;
  const result = calcPrice(
    {
      input_tokens: usage.input + usage.cachedInput + cacheWrite,
      cache_read_tokens: usage.cachedInput,
      cache_write_tokens: cacheWrite,
      cache_write_1h_tokens: usage.cacheWrite1h,
      output_tokens: usage.output + usage.reasoning,
      output_reasoning_tokens: usage.reasoning,
    },
    modelKey,
    { provider, timestamp },
  );
  if (!result) throw new Error(`The price package does not find ${provider.id} ${modelKey}.`);
  return result.total_price * 1e9;
}

function fixedShapes({ borders }: CatalogueModel): Required<DisjointUsage>[] {
  const totals = [...new Set(borders.flatMap((border) => [border - 1, border, border + 1]))];
  return totals
    .filter((total) => total >= 0)
    .flatMap((total) => {
      const half = Math.floor(total / 2);
      const none = { input: 0, cachedInput: 0, cacheWrite: 0, cacheWrite1h: 0, output: 0, reasoning: 0 };
      return [
        { ...none, input: total },
        { ...none, input: total, output: 1 },
        { ...none, input: total, output: 700, reasoning: 77 },
        { ...none, cachedInput: total, output: 700 },
        { ...none, cacheWrite: total, reasoning: 700 },
        { ...none, input: total - half, cacheWrite1h: half, output: 700 },
      ];
    });
}
