import {
  EnumField,
  IntegerField,
  NumberField,
  ObjectField,
  ObjectListField,
  TextField,
  TimeField,
  UuidField,
} from '../../platform/http';
import {
  priceSources,
  tokenClasses,
  type PriceCard,
  type PriceSource,
  type Rates,
  type RateTier,
} from './price';
import type { ModelPrice } from './price.entity';

const tiers = { optional: true, max: 10 };

export class RateTierView {
  @IntegerField({
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    description: 'Holds for calls with more input tokens',
  })
  aboveInputTokens!: number;
  @TextField({ max: 40, description: 'For a million tokens, decimal text' }) nanoUsdPerMillion!: string;
  @NumberField({ min: 0, max: 1e9, description: 'The same, for display' }) usdPerMillion!: number;
}

/** Tiers by token class. The classes are disjoint; one that is absent is charged like input or output. */
export class RatesView {
  @ObjectListField(() => RateTierView, tiers) input?: RateTierView[];
  @ObjectListField(() => RateTierView, tiers) cachedInput?: RateTierView[];
  @ObjectListField(() => RateTierView, tiers) cacheWrite?: RateTierView[];
  @ObjectListField(() => RateTierView, { ...tiers, description: 'Written to be kept for an hour' })
  cacheWrite1h?: RateTierView[];
  @ObjectListField(() => RateTierView, tiers) output?: RateTierView[];
  @ObjectListField(() => RateTierView, tiers) reasoning?: RateTierView[];
}

export class PriceWindowView {
  @TextField({ max: 8, description: 'Time of day, UTC', example: '16:30:00' }) from!: string;
  @TextField({ max: 8, description: 'Time of day, UTC; not included', example: '00:30:00' }) to!: string;
  @ObjectField(() => RatesView) rates!: RatesView;
}

/** What a model costs, and who says so. */
export class PriceView {
  @UuidField() id!: string;
  @EnumField(priceSources, { description: 'Who says so' }) source!: PriceSource;
  @TimeField({ description: 'Calls before this time had another price' }) effectiveFrom!: string;
  @ObjectField(() => RatesView) rates!: RatesView;
  @ObjectListField(() => PriceWindowView, {
    optional: true,
    max: 24,
    description: 'Hours (UTC) with other rates',
  })
  windows?: PriceWindowView[];
}

export function toPriceView({ id, source, effectiveFrom, card }: ModelPrice): PriceView {
  return { id, source, effectiveFrom: effectiveFrom.toISOString(), ...toCardView(card) };
}

function toCardView({ rates, windows }: PriceCard): Pick<PriceView, 'rates' | 'windows'> {
  return {
    rates: toRatesView(rates),
    ...(windows
      ? { windows: windows.map((window) => ({ ...window, rates: toRatesView(window.rates) })) }
      : {}),
  };
}

function toRatesView(rates: Rates): RatesView {
  return Object.fromEntries(
    tokenClasses.flatMap((name) => {
      const known = rates[name];
      return known ? [[name, known.map(toTierView)]] : [];
    }),
  );
}

function toTierView({ aboveInputTokens, nanoUsdPerMillion }: RateTier): RateTierView {
  return {
    aboveInputTokens,
    nanoUsdPerMillion: String(nanoUsdPerMillion),
    usdPerMillion: nanoUsdPerMillion / 1e9,
  };
}
