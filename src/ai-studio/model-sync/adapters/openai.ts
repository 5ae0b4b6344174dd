import type { ModelPurpose } from '../../models/model.entity';
import { bearer, createAdapter, wholePage } from './create-adapter';
import { asRecord, listIn } from './loose-json';
import { purposeOfId } from './purpose';

/**
 * OpenAI: `GET /models` → `{ object: 'list', data: [{ id, object, created, owned_by }] }`, whole. Source:
 * platform.openai.com/docs/api-reference/models/list. What a model can do and holds is not in it.
 */
export const listOpenaiModels = createAdapter({
  path: () => '/models',
  headers: bearer,
  page: (body) => wholePage(listIn(body, 'data')),
  model(row) {
    const { id, created } = asRecord(row);
    return { modelKey: id, purpose: purposeOf(id), releasedAt: created };
  },
});

/** They complete text and know no messages. */
const legacyCompletion = /^(babbage|davinci|ada|curie|text-davinci|gpt-3\.5-turbo-instruct)/;

/** `ft:<model>:<organisation>:<name>:<id>` is for what its model is for; the name is free text. */
function purposeOf(id: unknown): ModelPurpose {
  if (typeof id !== 'string') return 'other';
  const base = id.startsWith('ft:') ? (id.split(':')[1] ?? '') : id;
  return legacyCompletion.test(base) ? 'other' : purposeOfId(base);
}
