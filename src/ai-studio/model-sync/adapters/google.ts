import type { ModelPurpose } from '../../models/model.entity';
import { createAdapter } from './create-adapter';
import { asBoolean, asRecord, listIn, textsOf } from './loose-json';
import { purposeOfId } from './purpose';
import type { Page } from './read-pages';

/**
 * Google: `GET /models?pageSize&pageToken` → `{ models: [{ name: 'models/…', displayName, inputTokenLimit,
 * outputTokenLimit, supportedGenerationMethods, thinking }], nextPageToken }`. Source: ai.google.dev/api/models.
 */
export const listGoogleModels = createAdapter({
  path: (cursor) =>
    cursor === undefined
      ? '/models?pageSize=1000'
      : `/models?pageSize=1000&pageToken=${encodeURIComponent(cursor)}`,
  headers: (apiKey) => ({ 'x-goog-api-key': apiKey }),
  page: toPage,
  model(row) {
    const { name, displayName, inputTokenLimit, outputTokenLimit, supportedGenerationMethods, thinking } =
      asRecord(row);
    const modelKey = typeof name === 'string' ? name.replace(/^models\//, '') : name;
    const purpose = purposeOf(modelKey, textsOf(supportedGenerationMethods));
    return {
      modelKey,
      displayName,
      purpose,
      // What generates content also streams it; the list does not name that method.
      capabilities:
        purpose === 'chat' ? { text: true, streaming: true, reasoning: asBoolean(thinking) } : undefined,
      contextWindow: inputTokenLimit,
      maxOutputTokens: outputTokenLimit,
    };
  },
});

/** A token that is no text is no page; an absent or empty one ends the list. */
function toPage(body: unknown): Page | undefined {
  const rows = listIn(body, 'models');
  const next = asRecord(body).nextPageToken ?? '';
  if (!rows || typeof next !== 'string') return undefined;
  return next === '' ? { rows } : { rows, next };
}

/** Speech and image models generate content too: only their ids tell them apart. */
function purposeOf(modelKey: unknown, methods: string[]): ModelPurpose {
  const byId = /banana/.test(String(modelKey)) ? 'image' : purposeOfId(modelKey);
  if (methods.includes('generateContent')) return byId;
  if (methods.some((method) => /^embed/.test(method))) return 'embedding';
  if (methods.includes('bidiGenerateContent')) return 'audio';
  return byId === 'chat' ? 'other' : byId;
}
