import type { ModelCapabilities, ModelPurpose } from '../../models/model.entity';
import type { ListedModel, ListedPrice, ModelListing, SkippedRow } from './adapter';
import { cleanDisplayName, deriveDisplayName } from './display-name';

/** A row as an adapter found it; `unknown` is unchecked. */
export interface FoundModel {
  modelKey: unknown;
  displayName?: unknown;
  purpose?: ModelPurpose | undefined;
  capabilities?: { [name in keyof ModelCapabilities]: boolean | undefined };
  /** Tokens. */
  contextWindow?: unknown;
  maxOutputTokens?: unknown;
  /** Unix seconds or ISO 8601. */
  releasedAt?: unknown;
  deprecatedAt?: unknown;
  knowledgeCutoff?: unknown;
  price?: ListedPrice;
  /** Set where the provider lists the model but does not serve it. */
  unusable?: { field: string; reason: string } | undefined;
}

const maxKeyLength = 300;
const maxShownLength = 80;
/** What no id may hold: control, format (with the bidirectional ones) and private characters, half pairs, and U+FFFD. */
const unprintable = /[\p{C}\uFFFD]/u;
/** White space but the plain space, which some local servers have inside their ids. */
const oddSpace = /[^\S ]/u;

/**
 * Every row becomes a model or a skipped row; no row is an exception. The first of models with the same id is kept. A
 * number or date that cannot be is left out, and the model stays.
 */
export function normaliseRows(rows: unknown[], find: (row: unknown) => FoundModel): ModelListing {
  const models = new Map<string, ListedModel>();
  const skipped: SkippedRow[] = [];
  for (const [index, row] of rows.entries()) {
    const found = find(row);
    const skip = (field: string, reason: string) =>
      skipped.push({ model: showKey(found.modelKey, index), field, reason });
    const key = typeof found.modelKey === 'string' ? found.modelKey.trim() : '';
    const problem = findKeyProblem(found.modelKey, key);
    if (problem) skip('id', problem);
    else if (models.has(key)) skip('id', 'The list holds this id more than once; the first is taken.');
    else if (found.unusable) skip(found.unusable.field, found.unusable.reason);
    else models.set(key, toListedModel(key, found));
  }
  return { models: [...models.values()], skipped };
}

function findKeyProblem(given: unknown, key: string): string | undefined {
  if (given === undefined || given === null) return 'The id is missing.';
  if (typeof given !== 'string') return 'The id is not a text.';
  if (key === '') return 'The id is empty.';
  if (key.length > maxKeyLength) return `The id is longer than ${maxKeyLength} characters.`;
  if (unprintable.test(key)) return 'The id holds control or invisible characters.';
  if (oddSpace.test(key)) return 'The id holds white space that is not a plain space.';
  return undefined;
}

function showKey(given: unknown, index: number): string {
  const shown = typeof given === 'string' ? cleanDisplayName(given) : '';
  if (shown === '') return `row ${index + 1}`;
  return shown.length > maxShownLength ? `${shown.slice(0, maxShownLength).toWellFormed()}…` : shown;
}

function toListedModel(modelKey: string, found: FoundModel): ListedModel {
  const given = typeof found.displayName === 'string' ? cleanDisplayName(found.displayName) : '';
  const model: ListedModel = {
    modelKey,
    displayName: given === '' ? deriveDisplayName(modelKey) : given,
    purpose: found.purpose,
    capabilities: withoutAbsent(found.capabilities),
    contextWindow: tokens(found.contextWindow),
    maxOutputTokens: tokens(found.maxOutputTokens),
    releasedAt: isoTime(found.releasedAt),
    deprecatedAt: isoTime(found.deprecatedAt),
    knowledgeCutoff: cutoff(found.knowledgeCutoff),
    price: withPrices(found.price),
  };
  return withoutAbsent(model) ?? { modelKey };
}

/** What is `undefined` is no property at all; nothing left is `undefined`. */
function withoutAbsent<T extends object>(value: T | undefined): T | undefined {
  const entries = Object.entries(value ?? {}).filter(([, field]) => field !== undefined);
  // Only optional fields are ever undefined, so that what is left is a T still.
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as T);
}

/** A price needs a number beside its unit. */
function withPrices(price: ListedPrice | undefined): ListedPrice | undefined {
  const given = withoutAbsent(price);
  return given && Object.keys(given).length > 1 ? given : undefined;
}

/** Counts that a 32-bit column holds. */
function tokens(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 2 ** 31
    ? value
    : undefined;
}

/** The first language models are younger; older dates, such as zero, stand for "unknown". */
const earliest = Date.UTC(2015, 0, 1);
const latest = Date.UTC(2100, 0, 1);

/** Always spelled alike (`2025-08-07T00:00:00.000Z`): times are compared as text. */
function isoTime(value: unknown): string | undefined {
  const time = typeof value === 'number' ? value * 1000 : parseIso(value);
  return time >= earliest && time < latest ? new Date(time).toISOString() : undefined;
}

function parseIso(value: unknown): number {
  // Date.parse alone also reads free text, in the time zone of the server.
  const isIso =
    typeof value === 'string' &&
    /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2}))?$/.test(value);
  return isIso ? Date.parse(value) : Number.NaN;
}

/** As the provider words it. */
function cutoff(value: unknown): string | undefined {
  const text = typeof value === 'string' ? cleanDisplayName(value) : '';
  return text === '' || text.length > 40 ? undefined : text;
}
