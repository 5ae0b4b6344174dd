import { cardsEqual } from '../prices/price-card';
import { findPriceLeap } from './price-leap';
import type { EnrichedModel } from './enrich';
import type {
  CatalogueModel,
  ExistingModel,
  FieldChange,
  ModelSyncDiff,
  Quarantined,
} from './model-sync-diff';

type Comparison = Pick<ModelSyncDiff, 'newModels' | 'updatedModels' | 'archivedModels' | 'quarantined'>;

const comparedFields = [
  'displayName',
  'purpose',
  'contextWindow',
  'maxOutputTokens',
  'releasedAt',
  'deprecatedAt',
  'knowledgeCutoff',
] as const;

/**
 * What the catalogue would have to change to say what the provider says. Pure. What the provider does not say stays as
 * it is; what an admin added by hand is never archived; a price that leaps, or the loss of more than half of a
 * provider's models, waits for a person.
 */
export function computeDiff(existing: ExistingModel[], listed: EnrichedModel[]): Comparison {
  const known = new Map(existing.map((model) => [model.modelKey, model]));
  const comparison: Comparison = { newModels: [], updatedModels: [], archivedModels: [], quarantined: [] };
  for (const { model, problems } of listed) {
    comparison.quarantined.push(...problems);
    const before = known.get(model.modelKey);
    const { price, leap } = judgePrice(before, model);
    if (leap) comparison.quarantined.push(leap);
    if (!before) comparison.newModels.push({ ...model, price });
    else addUpdate(comparison, before, { ...model, price });
  }
  const keys = new Set(listed.map(({ model }) => model.modelKey));
  const offered = existing.filter(({ status, source }) => status === 'active' && source !== 'manual');
  const gone = offered.filter(({ modelKey }) => !keys.has(modelKey));
  if (gone.length * 2 > offered.length) comparison.quarantined.push(...gone.map(massArchive));
  else comparison.archivedModels.push(...gone);
  return comparison;
}

function addUpdate(comparison: Comparison, existing: ExistingModel, listed: CatalogueModel): void {
  const updated: CatalogueModel = {
    ...listed,
    ...Object.fromEntries(
      comparedFields.filter((field) => listed[field] === null).map((field) => [field, existing[field]]),
    ),
    capabilities: { ...existing.capabilities, ...listed.capabilities },
    price: listed.price ?? existing.price,
  };
  const changes = changesBetween(existing, updated);
  if (changes.length > 0) comparison.updatedModels.push({ existing, updated, changes });
}

function changesBetween(existing: ExistingModel, updated: CatalogueModel): FieldChange[] {
  const changes: FieldChange[] = [];
  // A model that is offered again stays off for teams until somebody enables it.
  if (existing.status !== updated.status)
    changes.push({ field: 'status', from: existing.status, to: updated.status });
  for (const field of comparedFields)
    if (existing[field] !== updated[field])
      changes.push({ field, from: existing[field], to: updated[field] });
  for (const name of Object.keys(updated.capabilities) as (keyof typeof updated.capabilities)[])
    // its own keys
    if (existing.capabilities[name] !== updated.capabilities[name]) {
      const [from, to] = [existing.capabilities[name] ?? null, updated.capabilities[name] ?? null];
      changes.push({ field: `capabilities.${name}`, from, to });
    }
  if (!samePrice(existing, updated))
    changes.push({ field: 'price', from: existing.price, to: updated.price });
  return changes;
}

function samePrice({ price: before }: CatalogueModel, { price: after }: CatalogueModel): boolean {
  if (before === null || after === null) return before === after;
  return cardsEqual(before.card, after.card);
}

/** The price as it may be taken over, and what is to be looked at by a person. */
function judgePrice(
  before: ExistingModel | undefined,
  { modelKey, price }: CatalogueModel,
): { price: CatalogueModel['price']; leap?: Quarantined } {
  const from = before?.price ?? null;
  if (!price || !from || price.source === 'operator') return { price };
  const reason = findPriceLeap(from.card, price.card);
  if (!reason) return { price };
  return {
    price: null,
    leap: { model: modelKey, field: 'price', from, to: price, reason, acceptable: true },
  };
}

function massArchive({ modelKey }: ExistingModel): Quarantined {
  return {
    model: modelKey,
    field: 'status',
    from: 'active',
    to: 'archived',
    reason: "more than half of this provider's models would be archived at once",
    acceptable: true,
  };
}
