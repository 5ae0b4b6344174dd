import { bearer, createAdapter, wholePage } from './create-adapter';
import { asRecord, listIn, textsOf } from './loose-json';

/**
 * xAI: `GET /language-models` → `{ models: [{ id, created, input_modalities, output_modalities,
 * prompt_text_token_price, cached_prompt_text_token_price, completion_text_token_price, … }] }`, whole; models that make
 * images have an endpoint of their own. Source: docs.x.ai/docs/api-reference. 30000 is 3 USD for a million tokens.
 */
export const listXaiModels = createAdapter({
  path: () => '/language-models',
  headers: bearer,
  page: (body) => wholePage(listIn(body, 'models')),
  model(row) {
    const fields = asRecord(row);
    const inputs = textsOf(fields.input_modalities);
    const outputs = textsOf(fields.output_modalities);
    return {
      modelKey: fields.id,
      purpose: outputs.length === 0 || outputs.includes('text') ? 'chat' : 'other',
      capabilities: {
        text: outputs.length === 0 ? undefined : outputs.includes('text'),
        imageInput: inputs.length === 0 ? undefined : inputs.includes('image'),
      },
      contextWindow: fields.context_length,
      releasedAt: fields.created,
      price: {
        unit: 'usd-cents-per-100-million-tokens',
        input: fields.prompt_text_token_price,
        cachedInput: fields.cached_prompt_text_token_price,
        output: fields.completion_text_token_price,
      },
    };
  },
});
