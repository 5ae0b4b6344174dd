import * as fc from 'fast-check';
import { comparerAt, compareCatalogue, shapeArbitrary, toUsage } from './catalogue-comparison.spec-support';
import { listCatalogue } from './package-catalogue.spec-support';

describe('costOf against the price package', () => {
  it('agrees over its whole bundled catalogue, at every border of tokens, dates and hours', () => {
    const { disagreements, exclusions, ...counts } = compareCatalogue();

    expect(disagreements).toEqual([]);
    // Pinned data and a fixed seed: what changes here has changed in the package or in us, and wants a look.
    expect(counts).toEqual({
      models: 975,
      modelsWithoutTokenPrices: 168,
      moments: 1_143,
      shapes: 54_363,
      comparisons: 63_873,
    });
    // Each case has been checked for being what its reason says.
    expect(exclusions).toEqual({
      unpricedClass: { why: expect.stringContaining('no price for'), models: 173, comparisons: 9_920 },
      roundedPrice: { why: expect.stringContaining('nine decimals'), models: 6, comparisons: 66 },
      unreachable: { why: expect.stringContaining('No model id'), models: 0, comparisons: 0 },
    });
  });

  it('agrees on any usage of any model at any of its moments', () => {
    const { models } = listCatalogue();
    fc.assert(
      fc.property(fc.nat(models.length - 1), fc.nat(), shapeArbitrary, (index, moment, shape) => {
        const model = models[index]!;
        const at = model.moments[moment % model.moments.length]!;
        const { verdict, detail } = comparerAt(model, at)(toUsage(model, shape));
        if (verdict === 'different') throw new Error(detail);
      }),
      { numRuns: 5_000 },
    );
  });
});
