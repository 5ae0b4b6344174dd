import { bearer, createAdapter, wholePage } from './create-adapter';
import { asRecord, listIn, textsOf } from './loose-json';
import { purposeOfId } from './purpose';

/**
 * Ollama: `GET /tags` under `…/api` → `{ models: [{ name, model, modified_at, details: { families, … } }] }`, whole.
 * Source: docs.ollama.com/api/tags. `modified_at` is when it was pulled, not released. Newer servers may add
 * `capabilities`, as `/show` has them. A key is sent where one is set: a proxy in front may ask for it.
 */
export const listOllamaModels = createAdapter({
  path: () => '/tags',
  headers: bearer,
  page: (body) => wholePage(listIn(body, 'models')),
  model(row) {
    const { name, model, details, capabilities } = asRecord(row);
    const modelKey = model ?? name;
    const families = textsOf(asRecord(details).families);
    const can = Array.isArray(capabilities) ? textsOf(capabilities) : undefined;
    return {
      modelKey,
      // The tag is part of what people know a local model by.
      displayName: name ?? model,
      purpose: isEmbedding(families, can) ? 'embedding' : purposeOfId(modelKey),
      capabilities: can && {
        text: can.includes('completion'),
        imageInput: can.includes('vision'),
        tools: can.includes('tools'),
        reasoning: can.includes('thinking'),
      },
      contextWindow: asRecord(details).context_length,
    };
  },
});

/** Families of BERT make vectors and no text. */
function isEmbedding(families: string[], capabilities: string[] | undefined): boolean {
  if (capabilities) return capabilities.includes('embedding') && !capabilities.includes('completion');
  return families.some((family) => family.endsWith('bert'));
}
