import * as fc from 'fast-check';
import { computeDiff } from './compute-diff';
import type { EnrichedModel } from './enrich';
import type { CatalogueModel, ExistingModel } from './model-sync-diff';
import { planOf } from './plan';

const model = (modelKey: string, change: Partial<CatalogueModel> = {}): CatalogueModel => ({
  modelKey,
  displayName: modelKey,
  status: 'active',
  purpose: 'chat',
  capabilities: { text: true },
  contextWindow: 1_000,
  maxOutputTokens: null,
  releasedAt: null,
  deprecatedAt: null,
  knowledgeCutoff: null,
  price: null,
  ...change,
});
const listed = (modelKey: string, change: Partial<CatalogueModel> = {}): EnrichedModel => ({
  model: model(modelKey, change),
  bundledPrice: null,
  problems: [],
});
const existing = (modelKey: string, change: Partial<ExistingModel> = {}): ExistingModel => ({
  ...model(modelKey),
  id: modelKey,
  source: 'provider',
  ...change,
});
const price = (usd: number): CatalogueModel['price'] => ({
  card: {
    rates: {
      input: [{ aboveInputTokens: 0, nanoUsdPerMillion: usd * 1e9 }],
      output: [{ aboveInputTokens: 0, nanoUsdPerMillion: usd * 1e9 }],
    },
  },
  source: 'provider',
  effectiveFrom: null,
});

describe('a diff of the catalogue', () => {
  it('keeps what the provider does not say', () => {
    const before = existing('a', {
      maxOutputTokens: 500,
      knowledgeCutoff: '2025-01',
      capabilities: { tools: true },
    });
    const { updatedModels } = computeDiff([before], [listed('a', { contextWindow: 2_000 })]);
    expect(updatedModels).toMatchObject([
      {
        updated: { contextWindow: 2_000, maxOutputTokens: 500, knowledgeCutoff: '2025-01' },
        changes: [
          { field: 'contextWindow', from: 1_000, to: 2_000 },
          { field: 'capabilities.text', from: null, to: true },
        ],
      },
    ]);
  });

  it('never archives what an admin added, nor what is archived already', () => {
    const { archivedModels, quarantined } = computeDiff(
      [
        existing('mine', { source: 'manual' }),
        existing('old', { status: 'archived' }),
        existing('a'),
        existing('b'),
      ],
      [listed('a')],
    );
    expect(archivedModels.map(({ modelKey }) => modelKey)).toEqual(['b']);
    expect(quarantined).toEqual([]);
  });

  it.each([
    [1, 10, false],
    [1, 10.1, true],
    [10, 1, false],
    [10, 0.9, true],
    [1, 0, true],
    [0, 1, false],
  ])('from %d to %d USD: waits for a person %s', (from, to, waits) => {
    const comparison = computeDiff(
      [existing('a', { price: price(from) })],
      [listed('a', { price: price(to) })],
    );
    expect(comparison.quarantined).toHaveLength(waits ? 1 : 0);
    expect(comparison.updatedModels).toHaveLength(waits ? 0 : 1);
  });

  it('lets the bundled price speak only where nobody else ever did', () => {
    const entry = (
      own: CatalogueModel['price'],
      problems: EnrichedModel['problems'] = [],
    ): EnrichedModel => ({
      model: model('a', { price: own }),
      bundledPrice: { ...price(2)!, source: 'bundled' },
      problems,
    });
    const refused = [
      { model: 'a', field: 'price.input', from: null, to: 'NaN', reason: '', acceptable: false },
    ];
    expect(computeDiff([], [entry(null)]).newModels[0]?.price?.source).toBe('bundled');
    expect(computeDiff([], [entry(null, refused)]).newModels[0]?.price?.source).toBe('bundled');
    const held = existing('a', { price: price(3) });
    expect(computeDiff([held], [entry(null)]).updatedModels).toEqual([]);
    expect(computeDiff([held], [entry(null, refused)]).updatedModels).toEqual([]);
    const free = existing('a', { price: price(0) });
    expect(computeDiff([free], [entry(price(0))])).toMatchObject({ updatedModels: [], quarantined: [] });
  });

  it('keeps tiers that a flat list does not know of, and asks before it loses them', () => {
    const tiered: CatalogueModel['price'] = {
      card: {
        rates: {
          input: [
            { aboveInputTokens: 0, nanoUsdPerMillion: 1e9 },
            { aboveInputTokens: 200_000, nanoUsdPerMillion: 2e9 },
          ],
          output: [{ aboveInputTokens: 0, nanoUsdPerMillion: 1e9 }],
        },
      },
      source: 'bundled',
      effectiveFrom: null,
    };
    const held = existing('a', { price: tiered });
    expect(computeDiff([held], [listed('a', { price: price(1) })])).toMatchObject({
      updatedModels: [],
      quarantined: [],
    });
    const changed = computeDiff([held], [listed('a', { price: price(1.5) })]);
    expect(changed.updatedModels).toEqual([]);
    expect(changed.quarantined).toMatchObject([{ field: 'price', acceptable: true }]);
    expect(
      computeDiff([], [{ ...listed('a', { price: price(1) }), bundledPrice: tiered }]).newModels[0]?.price,
    ).toBe(tiered);
  });

  it('asks about a price beyond all measure, and about a class that would cost far more than what it was charged as', () => {
    expect(computeDiff([], [listed('a', { price: price(5_000) })]).quarantined).toHaveLength(1);
    const dear = price(1)!;
    dear.card.rates.reasoning = [{ aboveInputTokens: 0, nanoUsdPerMillion: 900 * 1e9 }];
    expect(
      computeDiff([existing('a', { price: price(1) })], [listed('a', { price: dear })]).quarantined,
    ).toHaveLength(1);
  });

  it('finds nothing once it is applied, whatever was there and is listed', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const change = fc.record({
      contextWindow: fc.constantFrom(null, 1, 2),
      maxOutputTokens: fc.constantFrom(null, 3),
      displayName: fc.constantFrom('x', 'y'),
      price: fc.constantFrom(null, price(1), price(2), price(3)),
    });
    const some = fc.uniqueArray(fc.tuple(key, change), { selector: ([name]) => name });
    const held = fc.uniqueArray(fc.tuple(key, change, fc.constantFrom('active', 'archived')), {
      selector: ([name]) => name,
    });
    fc.assert(
      fc.property(held, some, (before, after) => {
        const catalogue = before.map(([name, said, status]) => existing(name, { ...said, status }));
        const list = after.map(([name, said]) => listed(name, said));
        const diff = { ...empty, ...computeDiff(catalogue, list) };
        const everything = diff.quarantined.map((row) => `${row.model}#${row.field}`);
        const plan = planOf(diff, { quarantined: everything });
        expect(computeDiff(apply(catalogue, plan), list)).toEqual({
          newModels: [],
          updatedModels: [],
          archivedModels: [],
          quarantined: [],
        });
      }),
    );
  });

  it('refuses to accept what it does not hold', () => {
    const diff = { ...empty, ...computeDiff([], [listed('a')]) };
    expect(() => planOf(diff, { newModels: ['b'] })).toThrow(/accept\.newModels|not fit/);
    expect(planOf(diff, { newModels: [] })).toMatchObject({ insert: [] });
    expect(planOf(diff, { newModels: ['a', 'a'] }).insert).toHaveLength(1);
  });
});

const empty = {
  id: '',
  providerId: '',
  takenAt: '',
  baseVersion: 0,
  affected: { teams: [], agents: [], defaults: [] },
};

/** What the statements do, in memory. */
function apply(catalogue: ExistingModel[], plan: ReturnType<typeof planOf>): ExistingModel[] {
  const after = new Map(catalogue.map((entry) => [entry.modelKey, entry]));
  for (const entry of plan.insert)
    after.set(entry.modelKey, { ...entry, id: entry.modelKey, source: 'provider', price: null });
  for (const {
    existing: { id },
    updated,
  } of plan.update)
    after.set(updated.modelKey, {
      ...updated,
      id,
      source: 'provider',
      price: after.get(updated.modelKey)?.price ?? null,
    });
  for (const { modelKey } of plan.archive) {
    const entry = after.get(modelKey);
    if (entry) after.set(modelKey, { ...entry, status: 'archived' });
  }
  for (const { modelKey, price: next } of plan.prices) {
    const entry = after.get(modelKey);
    if (entry) after.set(modelKey, { ...entry, price: next });
  }
  return [...after.values()];
}
