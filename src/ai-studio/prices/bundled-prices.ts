import { calcPrice, findProvider, type ModelInfo } from '@pydantic/genai-prices';
import type { ModelPurpose } from '../models/model.entity';
import { toDatedCards } from './bundled-cards';
import { judgePurpose } from './bundled-purpose';
import type { DatedPriceCard } from './price-card';

/** Where the bundled prices come from, to be shown beside them. `publishedOn` is the package version's date, ISO 8601. */
export const bundledPriceInfo = {
  name: '@pydantic/genai-prices',
  version: '0.1.8',
  publishedOn: '2026-09-23',
} as const;

/** A model of the bundled price list. `deprecated`: the list says that it is on its way out. */
export interface BundledModel {
  modelKey: string;
  displayName: string;
  /** Tokens. */
  contextWindow?: number;
  deprecated: boolean;
  purpose: ModelPurpose;
  /** Ascending; empty where the list has no price for tokens. */
  prices: DatedPriceCard[];
}

/** Our providers that the list knows, by its name for them and by the ids of it that are no ids of the provider's own list. */
const providers: Record<string, { id: string; notOffered: RegExp }> = {
  /** Fine-tuned families, other companies' names for it, open weights that others serve. */
  openai: { id: 'openai', notOffered: /^ft:|\.ft-|:extended$|^gpt-oss-|^moderation$/ },
  /** Families of dated ids. */
  anthropic: { id: 'anthropic', notOffered: /^claude-(3-5-sonnet|3-haiku|3-sonnet|2|v1)$/ },
  /** Models that only Vertex AI serves, other companies' names, families. */
  google: { id: 'google', notOffered: /^claude-|-maas$|^gemini-(flash|pro)-1\.5|^gemma-3n?$/ },
  xai: { id: 'x-ai', notOffered: /^$/ },
  /** Other companies' names. */
  mistral: { id: 'mistral', notOffered: /:free$|-instruct(-2501)?$/ },
  groq: { id: 'groq', notOffered: /^$/ },
  deepseek: { id: 'deepseek', notOffered: /^$/ },
  /** Every id of OpenRouter is `author/slug`. */
  openrouter: { id: 'openrouter', notOffered: /^[^/]*$/ },
};

/**
 * The bundled prices of a model, ascending by date; empty where the list does not know the model or the provider. The
 * package matches: dated ids, aliases and families are its rules, not ours.
 */
export function findBundledPrices(providerId: string, modelKey: string): DatedPriceCard[] {
  const model = findModel(providerId, modelKey);
  return model ? toDatedCards(model) : [];
}

/** The models of a provider that the list names by an id that can be called; empty for a provider it does not know. */
export function listBundledModels(providerId: string): BundledModel[] {
  const provider = findListed(providerId);
  const models = (provider && findProvider({ providerId: provider.id })?.models) ?? [];
  return models
    .filter((model) => isCallable(providerId, model) && !provider?.notOffered.test(model.id))
    .map(toBundledModel);
}

function toBundledModel(model: ModelInfo): BundledModel {
  const { id, name, context_window: contextWindow, deprecated = false } = model;
  return {
    modelKey: id,
    displayName: name ?? id,
    ...(contextWindow !== undefined && { contextWindow }),
    deprecated,
    purpose: judgePurpose(id, priceKeysOf(model)),
    prices: toDatedCards(model),
  };
}

/** Whether the id is more than the beginning of ids and the package's rules lead from it to this very model. */
function isCallable(providerId: string, model: ModelInfo): boolean {
  return !model.id.endsWith('-') && findModel(providerId, model.id) === model;
}

function priceKeysOf({ prices }: ModelInfo): Set<string> {
  const all = Array.isArray(prices) ? prices.map((conditional) => conditional.prices) : [prices];
  return new Set(all.flatMap((price) => Object.keys(price)));
}

/** The package has no search for a model alone; the price of no tokens tells which one it found. */
function findModel(providerId: string, modelKey: string): ModelInfo | null {
  const provider = findListed(providerId);
  if (!provider) return null;
  return (
    calcPrice({ input_tokens: 0, output_tokens: 0 }, modelKey, { providerId: provider.id })?.model ?? null
  );
}

function findListed(providerId: string): (typeof providers)[string] | undefined {
  return Object.hasOwn(providers, providerId) ? providers[providerId] : undefined;
}
