import { validationFailed } from '../../platform/http';
import type {
  AcceptedPart,
  CatalogueModel,
  CataloguePrice,
  ExistingModel,
  ModelSyncDiff,
} from './model-sync-diff';

/** What applying a diff writes. */
export interface SyncPlan {
  insert: CatalogueModel[];
  update: { existing: ExistingModel; updated: CatalogueModel }[];
  archive: Pick<ExistingModel, 'modelKey'>[];
  /** New prices, by model. */
  prices: { modelKey: string; price: CataloguePrice }[];
}

/** The accepted part of a diff. Throws `VALIDATION_FAILED` for names that the diff does not hold. */
export function planOf(diff: ModelSyncDiff, accept: AcceptedPart = {}): SyncPlan {
  const insert = pick('newModels', diff.newModels, ({ modelKey }) => modelKey, accept.newModels);
  const update = pick(
    'updatedModels',
    diff.updatedModels,
    ({ existing }) => existing.modelKey,
    accept.updatedModels,
  );
  const archive = pick(
    'archivedModels',
    diff.archivedModels,
    ({ modelKey }) => modelKey,
    accept.archivedModels,
  );
  const released = pick(
    'quarantined',
    diff.quarantined.filter(({ acceptable }) => acceptable),
    ({ model, field }) => `${model}#${field}`,
    accept.quarantined ?? [],
  );
  const prices = [
    ...insert.flatMap(({ modelKey, price }) => (price ? [{ modelKey, price }] : [])),
    ...update
      .filter(({ changes }) => changes.some(({ field }) => field === 'price'))
      .flatMap(({ updated: { modelKey, price } }) => (price ? [{ modelKey, price }] : [])),
    ...released
      .filter(({ field }) => field === 'price')
      .map(({ model, to }) => ({ modelKey: model, price: to as CataloguePrice })), // computeDiff puts one there
  ];
  const massArchived = released
    .filter(({ field }) => field === 'status')
    .map(({ model: modelKey }) => ({ modelKey }));
  // What a person accepted stands above what was found.
  const byModel = new Map(prices.map((entry) => [entry.modelKey, entry]));
  return { insert, update, archive: [...archive, ...massArchived], prices: [...byModel.values()] };
}

function pick<T>(kind: string, all: T[], nameOf: (item: T) => string, wanted: string[] | undefined): T[] {
  if (wanted === undefined) return all;
  const byName = new Map(all.map((item) => [nameOf(item), item]));
  const unknown = wanted.filter((name) => !byName.has(name));
  if (unknown.length > 0) {
    const problem = `the diff holds no such entry: ${unknown.slice(0, 5).join(', ')}`;
    throw validationFailed([{ field: `accept.${kind}`, problem }]);
  }
  return [...new Set(wanted)].flatMap((name) => byName.get(name) ?? []);
}
