import { createRequire } from 'node:module';
import { atMost, plain, type Figure } from './figures.ts';

const load = createRequire(import.meta.url);
const { compareCatalogue } = load(
  '../dist/src/ai-studio/prices/catalogue-comparison.spec-support.js',
) as typeof import('../src/ai-studio/prices/catalogue-comparison.spec-support.ts');
const { findBundledPrices } = load(
  '../dist/src/ai-studio/prices/bundled-prices.js',
) as typeof import('../src/ai-studio/prices/bundled-prices.ts');
const { costOf } = load(
  '../dist/src/ai-studio/prices/cost.js',
) as typeof import('../src/ai-studio/prices/cost.ts');

const randomShapes = 200;
const calls = 500_000;

/**
 * The cost function against `@pydantic/genai-prices` over its whole bundled catalogue: every model of our providers, at each
 * moment at which its price changes, over usage at the borders of its tiers and at random. An explained exclusion is a case
 * in which the two may differ, checked for being that; the reasons stand in the comparison.
 */
export async function measureCost(): Promise<Figure[]> {
  const report = compareCatalogue(randomShapes);
  const { unpricedClass, roundedPrice, unreachable } = report.exclusions;
  return [
    plain('models compared', report.models, ''),
    plain('  of them without a price for tokens', report.modelsWithoutTokenPrices, ''),
    plain('usage shapes compared', report.shapes, ''),
    plain('comparisons, with moments', report.comparisons, ''),
    atMost('disagreements', report.disagreements.length, 0, ''),
    plain('explained: a class without a price', unpricedClass.comparisons, ''),
    plain('explained: a price finer than we keep', roundedPrice.comparisons, ''),
    plain('explained: an entry without an id', unreachable.models, ''),
    plain('one costOf', nanosecondsPerCall(), 'ns'),
  ];
}

/** With tiers, a cache and reasoning. */
function nanosecondsPerCall(): number {
  const card = findBundledPrices('openai', 'gpt-5.5').at(-1)?.card;
  if (!card) throw new Error('The bundled catalogue has lost gpt-5.5: measure another model.');
  const at = new Date();
  const usage = { input: 1_200, cachedInput: 280_000, output: 900, reasoning: 300 };
  let sum = 0n;
  const run = () => {
    for (let call = 0; call < calls; call += 1) sum += costOf(card, usage, at) ?? 0n;
  };
  run(); // compiled
  const startedAt = performance.now();
  run();
  const took = performance.now() - startedAt;
  if (sum === 0n) throw new Error('costOf gave nothing.');
  return (took * 1e6) / calls;
}
