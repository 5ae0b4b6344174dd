import { cardsEqual } from '../prices/price-card';
import { findPriceLeap, isTheSameWithoutTiers } from './price-leap';
import type { EnrichedModel } from './enrich';
import type {
  CatalogueModel,
  CataloguePrice,
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
  for (const entry of listed) {
    const { model, problems } = entry;
    comparison.quarantined.push(...problems);
    const before = known.get(model.modelKey);
    const { price, leap } = judgePrice(before?.price ?? null, entry);
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
    // What an admin named keeps its name.
    displayName: existing.source === 'manual' ? existing.displayName : listed.displayName,
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

/**
 * The price as it may be taken over (`null`: it stays), and what is to be looked at by a person. The bundled list only
 * speaks where neither the operator nor the provider ever did.
 */
function judgePrice(
  before: CataloguePrice | null,
  entry: EnrichedModel,
): { price: CataloguePrice | null; leap?: Quarantined } {
  const { modelKey, price: own } = entry.model;
  const bundledPrice = before && own ? null : entry.bundledPrice; // looked up when asked for
  const known = before ?? bundledPrice;
  if (!own) {
    const mayBundle = before === null || (before.source === 'bundled' && entry.problems.length === 0);
    return judgeAgainst(before, mayBundle ? bundledPrice : null, before ? null : bundledPrice, modelKey);
  }
  if (own.source === 'operator') return { price: own };
  if (known && isTheSameWithoutTiers(own.card, known.card)) return { price: before ? null : known };
  return judgeAgainst(known, own, before ? null : bundledPrice, modelKey);
}

function judgeAgainst(
  from: CataloguePrice | null,
  to: CataloguePrice | null,
  otherwise: CataloguePrice | null,
  model: string,
): { price: CataloguePrice | null; leap?: Quarantined } {
  const reason = to && to !== from ? findPriceLeap(from?.card, to.card) : undefined;
  if (!reason) return { price: to };
  return { price: otherwise, leap: { model, field: 'price', from, to, reason, acceptable: true } };
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
