import { bearer, createAdapter, wholePage } from './create-adapter';
import { asRecord, listIn } from './loose-json';
import { purposeOfId } from './purpose';

/**
 * DeepSeek: `GET /models` → `{ object: 'list', data: [{ id, object, owned_by }] }`, whole. Source:
 * api-docs.deepseek.com/api/list-models.
 */
export const listDeepseekModels = createAdapter({
  path: () => '/models',
  headers: bearer,
  page: (body) => wholePage(listIn(body, 'data')),
  model(row) {
    const { id } = asRecord(row);
    return { modelKey: id, purpose: purposeOfId(id) };
  },
});
