import type { ModelPurpose } from '../../models/model.entity';
import { bearer, createAdapter, wholePage } from './create-adapter';
import { asRecord, listIn, textsOf } from './loose-json';

/**
 * OpenRouter: `GET /models` → `{ data: [{ id, name, created, context_length, architecture, pricing, top_provider,
 * supported_parameters, knowledge_cutoff, expiration_date }] }`, whole, for anybody. Source: openrouter.ai/docs/models.
 * Prices are texts in USD for one token; `-1` stands for a price that depends on the model it is routed to.
 */
export const listOpenrouterModels = createAdapter({
  path: () => '/models',
  headers: bearer,
  page: (body) => wholePage(listIn(body, 'data')),
  model(row) {
    const fields = asRecord(row);
    const { input_modalities, output_modalities } = asRecord(fields.architecture);
    const pricing = asRecord(fields.pricing);
    return {
      modelKey: fields.id,
      displayName: fields.name,
      purpose: purposeOf(textsOf(output_modalities)),
      capabilities: toCapabilities(textsOf(input_modalities), textsOf(output_modalities), fields),
      contextWindow: fields.context_length,
      maxOutputTokens: asRecord(fields.top_provider).max_completion_tokens,
      releasedAt: fields.created,
      deprecatedAt: fields.expiration_date,
      knowledgeCutoff: fields.knowledge_cutoff,
      price: {
        unit: 'usd-per-token',
        input: pricing.prompt,
        cachedInput: unlessZero(pricing.input_cache_read),
        cacheWrite: unlessZero(pricing.input_cache_write),
        output: pricing.completion,
        reasoning: unlessZero(pricing.internal_reasoning),
      },
    };
  },
});

/** Most rows are chat models, and older answers do not say. */
function purposeOf(outputs: string[]): ModelPurpose {
  if (outputs.length === 0 || outputs.includes('text')) return 'chat';
  if (outputs.includes('image')) return 'image';
  if (outputs.includes('audio') || outputs.includes('speech')) return 'audio';
  return outputs.includes('embeddings') ? 'embedding' : 'other';
}

function toCapabilities(
  inputs: string[],
  outputs: string[],
  { supported_parameters }: Record<string, unknown>,
) {
  const said = Array.isArray(supported_parameters);
  const takes = (name: string) => (said ? textsOf(supported_parameters).includes(name) : undefined);
  const isChat = purposeOf(outputs) === 'chat';
  return {
    text: outputs.length === 0 ? undefined : outputs.includes('text'),
    imageInput: inputs.length === 0 ? undefined : inputs.includes('image'),
    tools: takes('tools'),
    structuredOutput: takes('structured_outputs'),
    reasoning: takes('reasoning'),
    // Every chat request may ask for a stream.
    streaming: isChat ? true : undefined,
  };
}

/** In these, `0` says "not charged apart", not "free": such tokens are charged as plain input or output. */
function unlessZero(price: unknown): unknown {
  return price === '' || Number(price) === 0 ? undefined : price;
}
