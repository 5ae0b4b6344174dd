import { z } from 'zod';
import type { ModelCapabilities } from '../models/model.entity';
import type { PriceCard, TokenClass } from './price';
import { toPriceCard } from './price-card';
import { priceUnits, type PriceRefusal } from './units';

/** What an operator says of a model, above what its provider and the bundled list say. Absent: nothing is said. */
export interface OperatorModel {
  providerId: string;
  modelKey: string;
  displayName?: string | undefined;
  /** Tokens. */
  contextWindow?: number | undefined;
  maxOutputTokens?: number | undefined;
  capabilities?: ModelCapabilities | undefined;
  price?: PriceCard | undefined;
  /** When the price begins; absent: it holds already. */
  effectiveFrom?: Date | undefined;
}

const refusals: Record<PriceRefusal, string> = {
  unknown: '-1 is no price; leave out what you do not know',
  negative: 'must not be negative',
  notFinite: 'must be finite',
  notANumber: 'must be a decimal number',
  tooPrecise: 'must be 0 or at least one nano-USD for a million tokens; is the unit right?',
  tooLarge: 'must be at most 1 USD for a token; is the unit right?',
};

const amount = z.union([z.number(), z.string()], 'must be a number or decimal text');

const price = z
  .strictObject({
    unit: z.enum(priceUnits),
    input: amount,
    cachedInput: amount.optional(),
    cacheWrite: amount.optional(),
    cacheWrite1h: amount.optional(),
    output: amount,
    reasoning: amount.optional(),
  } satisfies Record<TokenClass | 'unit', z.ZodType>)
  .transform((listed, context): PriceCard => {
    const { card, refused } = toPriceCard(listed);
    // `toPriceCard` passes over what is unknown; here somebody wrote it.
    const unknown = Object.entries(listed).filter(([name]) => name !== 'unit' && !(name in card.rates));
    for (const [tokenClass, value] of unknown) {
      const reason = refused.find((one) => one.tokenClass === tokenClass)?.reason ?? 'unknown';
      context.issues.push({
        code: 'custom',
        input: value,
        path: [tokenClass],
        message: refusals[reason],
      });
    }
    return card;
  });

const capability = z.boolean().optional();
const model = z
  .strictObject({
    displayName: z
      .string()
      .trim()
      .min(1)
      .max(200)
      .regex(/^\P{C}*$/u, 'must not contain control characters')
      .optional(),
    contextWindow: z.int().positive().max(2_147_483_647).optional(),
    maxOutputTokens: z.int().positive().max(2_147_483_647).optional(),
    capabilities: z
      .strictObject({
        text: capability,
        imageInput: capability,
        pdfInput: capability,
        tools: capability,
        structuredOutput: capability,
        reasoning: capability,
        streaming: capability,
      } satisfies Record<keyof ModelCapabilities, z.ZodType>)
      .optional(),
    price: price.optional(),
    effectiveFrom: z
      .union([z.iso.date(), z.iso.datetime({ offset: true })], 'must be an ISO 8601 date or date and time')
      .transform((text) => new Date(text))
      .optional(),
  })
  .refine(({ price, effectiveFrom }) => price || !effectiveFrom, {
    path: ['effectiveFrom'],
    message: 'needs a price that it is the beginning of',
  });

const modelName = z.string().regex(/^[^/\s]+\/\S/, 'must be provider/model, such as openai/gpt-5-mini');
const file = z.strictObject({ models: z.record(modelName, model) });

/**
 * The operator's override file, from its JSON text. Strict: throws an `Error` that names each wrong path, such as
 * `models["openai/gpt-5-mini"].price.input: must not be negative`. Of a name, what is before the first slash is the provider's id.
 */
export function parseOperatorPrices(text: string): OperatorModel[] {
  const result = file.safeParse(parseJson(text));
  if (!result.success) {
    const problems = result.error.issues.map((issue) => describeIssue(issue));
    throw new Error(`The model price file cannot be used:\n${problems.join('\n')}`);
  }
  return Object.entries(result.data.models).map(([name, said]) => {
    const slash = name.indexOf('/');
    return { providerId: name.slice(0, slash), modelKey: name.slice(slash + 1), ...said };
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`The model price file is not JSON: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  const path = issue.path.map((part, index) => {
    const name = String(part);
    if (!/^\w+$/.test(name)) return `[${JSON.stringify(name)}]`;
    return index === 0 ? name : `.${name}`;
  });
  return `- ${path.join('') || 'the file'}: ${message}`;
}
