import type { ModelCapabilities, ModelPurpose } from '../../models/model.entity';

/** A price as the endpoint gives it: numbers or decimal text, in a unit that `prices/units.ts` knows. Nothing is converted here. */
export interface ListedPrice {
  unit: 'usd-per-token' | 'usd-per-million-tokens' | 'usd-cents-per-100-million-tokens';
  input?: unknown;
  cachedInput?: unknown;
  cacheWrite?: unknown;
  output?: unknown;
  reasoning?: unknown;
}

/** A model as a provider lists it, in our terms. What a provider does not say is absent. */
export interface ListedModel {
  /** As the provider spells it. */
  modelKey: string;
  displayName?: string;
  purpose?: ModelPurpose;
  capabilities?: ModelCapabilities;
  /** Tokens. */
  contextWindow?: number;
  maxOutputTokens?: number;
  /** ISO 8601 dates. */
  releasedAt?: string;
  deprecatedAt?: string;
  knowledgeCutoff?: string;
  price?: ListedPrice;
}

/** A row of the answer that cannot be used, and why. `model` is its id as far as it can be shown. */
export interface SkippedRow {
  model: string;
  field: string;
  reason: string;
}

export interface ListContext {
  /** Without a slash at its end. */
  baseUrl: string;
  apiKey: string | undefined;
  /** Guarded; every call goes through it. */
  fetch: typeof globalThis.fetch;
  signal: AbortSignal;
  /** Told after each page. */
  onPage?: (seen: { pages: number; models: number }) => void;
  /** Waits; replaced in tests. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface ModelListing {
  models: ListedModel[];
  skipped: SkippedRow[];
}

/**
 * Reads one provider's list of models, all pages of it. Throws `PROVIDER_FAILED` (an `AppError` with a safe reason) for
 * anything but a whole, readable list: half a list never passes for one.
 */
export type ModelListAdapter = (context: ListContext) => Promise<ModelListing>;
