import { findBundledPrices, listBundledModels, type BundledModel } from '../prices/bundled-prices';
import type { OperatorModel } from '../prices/operator-prices';
import type { PriceCard } from '../prices/price';
import { selectCard, toPriceCard } from '../prices/price-card';
import type { ListedModel, SkippedRow } from './adapters/adapter';
import { deriveDisplayName } from './adapters/display-name';
import type { CatalogueModel, CataloguePrice, Quarantined } from './model-sync-diff';

/** A listed model with what other sources know of it, and what of it cannot be taken over. */
export interface EnrichedModel {
  /** Its price is the operator's or the provider's own. */
  model: CatalogueModel;
  /** Looked up each time it is read, which takes longer than all the rest. */
  readonly bundledPrice: CataloguePrice | null;
  problems: Quarantined[];
}

/**
 * Completes what a provider lists: the operator's file stands above the provider's answer, and the bundled price list
 * below it. Pure but for the bundled data.
 */
export function enrich(
  { id: providerId, kind }: { id: string; kind: string },
  listed: ListedModel[],
  operator: OperatorModel[],
  at: Date,
): EnrichedModel[] {
  const said = new Map(
    operator.filter((model) => model.providerId === providerId).map((model) => [model.modelKey, model]),
  );
  const bundled = new Map(listBundledModels(kind).map((model) => [model.modelKey, model]));
  return listed.map((model) =>
    enrichOne(kind, withBundled(model, bundled.get(model.modelKey)), said.get(model.modelKey), at),
  );
}

/** A row of the answer that could not be read: reported, nothing to accept. */
export function toQuarantined({ model, field, reason }: SkippedRow): Quarantined {
  return { model, field, from: null, to: null, reason, acceptable: false };
}

/** A name that was only made of the id gives way to the one that people know; a size that is not listed is looked up. */
function withBundled(listed: ListedModel, bundled: BundledModel | undefined): ListedModel {
  if (!bundled) return listed;
  const isDerived = listed.displayName === deriveDisplayName(listed.modelKey);
  const contextWindow = listed.contextWindow ?? bundled.contextWindow;
  return {
    ...listed,
    ...(isDerived ? { displayName: bundled.displayName } : {}),
    ...(contextWindow === undefined ? {} : { contextWindow }),
  };
}

function enrichOne(
  kind: string,
  listed: ListedModel,
  operator: OperatorModel | undefined,
  at: Date,
): EnrichedModel {
  const purpose = listed.purpose ?? 'chat';
  const { price, problems } = findOwnPrice(listed, operator, at);
  const basics = purpose === 'chat' ? { text: true, streaming: true } : {};
  return {
    model: {
      modelKey: listed.modelKey,
      displayName: operator?.displayName ?? listed.displayName ?? listed.modelKey,
      status: 'active',
      purpose,
      capabilities: { ...basics, ...listed.capabilities, ...operator?.capabilities },
      contextWindow: operator?.contextWindow ?? listed.contextWindow ?? null,
      maxOutputTokens: operator?.maxOutputTokens ?? listed.maxOutputTokens ?? null,
      releasedAt: toTime(listed.releasedAt),
      deprecatedAt: toTime(listed.deprecatedAt),
      knowledgeCutoff: listed.knowledgeCutoff ?? null,
      price,
    },
    get bundledPrice() {
      return findBundledPrice(kind, listed.modelKey, at);
    },
    problems,
  };
}

function findOwnPrice(
  listed: ListedModel,
  operator: OperatorModel | undefined,
  at: Date,
): { price: CataloguePrice | null; problems: Quarantined[] } {
  // A price of the operator's that begins later is taken over by the first sync after it has begun.
  if (operator?.price && (operator.effectiveFrom ?? at) <= at)
    return { price: { card: operator.price, source: 'operator', effectiveFrom: null }, problems: [] };
  if (!listed.price) return { price: null, problems: [] };
  const { card, refused } = toPriceCard(listed.price);
  const problems = refused.map(({ tokenClass, value, reason }): Quarantined => ({
    model: listed.modelKey,
    field: `price.${tokenClass}`,
    from: null,
    to: toText(value),
    reason: `the price is not one: ${reason}`,
    acceptable: false,
  }));
  const usable = problems.length === 0 && isWhole(card);
  return { price: usable ? { card, source: 'provider', effectiveFrom: null } : null, problems };
}

function isWhole({ rates }: PriceCard): boolean {
  return rates.input !== undefined && rates.output !== undefined;
}

function findBundledPrice(kind: string, modelKey: string, at: Date): CataloguePrice | null {
  const found = selectCard(findBundledPrices(kind, modelKey), at);
  if (!found) return null;
  return { card: found.card, source: 'bundled', effectiveFrom: null };
}

function toTime(text: string | undefined): string | null {
  return text === undefined ? null : new Date(text).toISOString();
}

/** What a provider wrote in place of a price, short enough to show. */
function toText(value: unknown): string {
  return (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing'))
    .slice(0, 100)
    .toWellFormed();
}
