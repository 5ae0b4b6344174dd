import { bearer, createAdapter, wholePage } from './create-adapter';
import { asRecord, listIn } from './loose-json';
import { purposeOfId } from './purpose';

/**
 * Groq: `GET /models` → `{ object: 'list', data: [{ id, created, owned_by, active, context_window,
 * max_completion_tokens }] }`, whole. Source: console.groq.com/docs/api-reference#models-list.
 */
export const listGroqModels = createAdapter({
  path: () => '/models',
  headers: bearer,
  page: (body) => wholePage(listIn(body, 'data')),
  model(row) {
    const { id, created, active, context_window, max_completion_tokens } = asRecord(row);
    return {
      modelKey: id,
      purpose: purposeOfId(id),
      contextWindow: context_window,
      maxOutputTokens: max_completion_tokens,
      releasedAt: created,
      unusable:
        active === false ? { field: 'active', reason: 'The provider lists it as not active.' } : undefined,
    };
  },
});
