import type { ModelPurpose } from '../../models/model.entity';
import { bearer, createAdapter, wholePage } from './create-adapter';
import { asBoolean, asRecord, listIn } from './loose-json';
import { purposeOfId } from './purpose';

/**
 * Mistral: `GET /models` → `{ object: 'list', data: [{ id, name, capabilities, max_context_length, deprecation,
 * archived, … }] }`, whole. Source: docs.mistral.ai/api. An alias is a row of its own, `name` is the id that it stands
 * for, and `created` is the time of the request: neither is read.
 */
export const listMistralModels = createAdapter({
  path: () => '/models',
  headers: bearer,
  page: (body) => wholePage(listIn(body, 'data')),
  model(row) {
    const { id, capabilities, max_context_length, deprecation, archived } = asRecord(row);
    const can = asRecord(capabilities);
    const purpose = purposeOf(id, can);
    return {
      modelKey: id,
      purpose,
      capabilities: {
        text: asBoolean(can.completion_chat),
        imageInput: asBoolean(can.vision),
        tools: asBoolean(can.function_calling),
        reasoning: asBoolean(can.reasoning),
      },
      contextWindow: max_context_length,
      deprecatedAt: deprecation,
      unusable:
        archived === true ? { field: 'archived', reason: 'The provider has archived it.' } : undefined,
    };
  },
});

function purposeOf(id: unknown, { completion_chat, moderation, ocr }: Record<string, unknown>): ModelPurpose {
  if (completion_chat === undefined) return purposeOfId(id);
  // The models for moderation and documents answer chat requests as well, in a form of their own.
  if (moderation === true) return 'moderation';
  if (ocr === true && purposeOfId(id) === 'other') return 'other';
  if (completion_chat === true) return 'chat';
  const byId = purposeOfId(id);
  return byId === 'chat' ? 'other' : byId;
}
