import {
  calcPrice,
  findProvider,
  type ConditionalPrice,
  type MatchLogic,
  type ModelInfo,
  type Provider,
} from '@pydantic/genai-prices';

/** Our providers, and what `@pydantic/genai-prices` calls them. */
export const packageNames: Record<string, string> = {
  openai: 'openai',
  anthropic: 'anthropic',
  google: 'google',
  xai: 'x-ai',
  mistral: 'mistral',
  groq: 'groq',
  deepseek: 'deepseek',
  openrouter: 'openrouter',
};

/** An entry of the package's catalogue, and how it is reached. */
export interface CatalogueModel {
  providerId: string;
  /** An id that the package's own rules lead to this model. */
  modelKey: string;
  provider: Provider;
  info: ModelInfo;
  /** At which the package's conditions change, just before and just after, and between. */
  moments: Date[];
  /** Total input tokens at and beside the borders of the tiers. */
  borders: number[];
}

/** Every model of the package's bundled catalogue that belongs to a provider of ours, and how many cannot be reached. */
export function listCatalogue(): { models: CatalogueModel[]; unreachable: number } {
  const models: CatalogueModel[] = [];
  let unreachable = 0;
  for (const [providerId, name] of Object.entries(packageNames)) {
    const provider = findProvider({ providerId: name });
    if (!provider) throw new Error(`The price package has no provider ${name}.`);
    for (const info of provider.models) {
      const modelKey = findKey(provider, info);
      if (modelKey === undefined) {
        unreachable += 1;
        continue;
      }
      const [moments, borders] = [momentsOf(info), bordersOf(info)];
      models.push({ providerId, modelKey, provider, info, moments, borders });
    }
  }
  return { models, unreachable };
}

/** The prices of an entry with their conditions, in the order of the package. */
export function conditionalOf({ prices }: ModelInfo): ConditionalPrice[] {
  return Array.isArray(prices) ? prices : [{ prices }];
}

function bordersOf(info: ModelInfo): number[] {
  const starts = conditionalOf(info).flatMap(({ prices }) =>
    Object.values(prices).flatMap((price) =>
      typeof price === 'object' ? price.tiers.map(({ start }) => start) : [],
    ),
  );
  return [...new Set([0, ...starts, 999_999])];
}

const usualMoment = Date.parse('2026-10-01T12:34:56.789Z');

/** One moment where nothing depends on time; else the seconds around each border, on a day of each dated price. */
function momentsOf(info: ModelInfo): Date[] {
  const constraints = conditionalOf(info).flatMap(({ constraint }) => constraint ?? []);
  const dates = constraints.flatMap((one) => (one.type === 'start_date' ? [Date.parse(one.start_date)] : []));
  const times = constraints.flatMap((one) =>
    one.type === 'time_of_date' ? [one.start_time, one.end_time] : [],
  );
  const day = 86_400_000;
  const days = [...dates.flatMap((date) => [date - day, date, date + day]), usualMoment];
  const borders = days.flatMap((moment) => {
    const date = new Date(moment).toISOString().slice(0, 10);
    return times.map((time) => Date.parse(`${date}T${time}`));
  });
  const moments = [...dates, ...borders].flatMap((moment) => [moment - 1, moment, moment + 1]);
  return [...new Set([...moments, usualMoment])].map((moment) => new Date(moment));
}

/** Some models are not found by their own id; the beginning or the whole of an id that they match leads to them. */
function findKey(provider: Provider, info: ModelInfo): string | undefined {
  return [info.id, ...literalsOf(info.match)].find(
    (key) =>
      calcPrice({ input_tokens: 0, output_tokens: 0 }, key, { providerId: provider.id })?.model === info,
  );
}

function literalsOf(match: MatchLogic): string[] {
  if ('or' in match) return match.or.flatMap(literalsOf);
  if ('and' in match) return match.and.flatMap(literalsOf);
  return Object.values(match).filter((literal) => typeof literal === 'string');
}
