import { bearer, createAdapter, wholePage } from './create-adapter';
import { asRecord, listIn } from './loose-json';
import { purposeOfId } from './purpose';

/**
 * Any server of OpenAI's form: `GET /models` → `{ data: [{ id, … }] }`, or the bare list as Together AI gives it. The
 * context window has a name of its own at each: vLLM `max_model_len`, LM Studio `max_context_length`, llama.cpp
 * `meta.n_ctx_train`, gateways `context_length` or `context_window`. `created` is not read: local servers give the time
 * of the request, and each reading would differ from the one before.
 */
export const listOpenaiCompatibleModels = createAdapter({
  path: () => '/models',
  headers: bearer,
  page: (body) => wholePage(Array.isArray(body) ? body : listIn(body, 'data')),
  model(row) {
    const fields = asRecord(row);
    return {
      modelKey: fields.id,
      displayName: fields.display_name,
      purpose: purposeOfId(fields.id),
      contextWindow:
        fields.max_model_len ??
        fields.context_length ??
        fields.context_window ??
        fields.max_context_length ??
        asRecord(fields.meta).n_ctx_train,
    };
  },
});
