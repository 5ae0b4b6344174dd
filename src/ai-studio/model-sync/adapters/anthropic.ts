import { createAdapter } from './create-adapter';
import { asBoolean, asRecord, listIn } from './loose-json';
import type { Page } from './read-pages';

/**
 * Anthropic: `GET /models?limit&after_id` → `{ data: [{ type, id, display_name, created_at, max_input_tokens,
 * max_tokens, capabilities }], has_more, first_id, last_id }`. Source: platform.claude.com/docs/en/api/models/list. Older
 * answers end with `created_at`; that is 1970 where the release date is unknown.
 */
export const listAnthropicModels = createAdapter({
  path: (cursor) =>
    cursor === undefined ? '/models?limit=1000' : `/models?limit=1000&after_id=${encodeURIComponent(cursor)}`,
  headers: (apiKey) => ({ 'x-api-key': apiKey }),
  fixedHeaders: { 'anthropic-version': '2023-06-01' },
  page: toPage,
  model(row) {
    const { id, display_name, created_at, max_input_tokens, max_tokens, capabilities } = asRecord(row);
    const supports = (name: string) => asBoolean(asRecord(asRecord(capabilities)[name]).supported);
    return {
      modelKey: id,
      displayName: display_name,
      // All that this endpoint lists is for the Messages API, which streams and takes tools with each of them.
      purpose: 'chat',
      capabilities: {
        text: true,
        streaming: true,
        tools: true,
        imageInput: supports('image_input'),
        structuredOutput: supports('structured_outputs'),
        reasoning: supports('thinking'),
      },
      contextWindow: max_input_tokens,
      maxOutputTokens: max_tokens,
      releasedAt: created_at,
    };
  },
});

/** More to come without a cursor is no page: taken as the last one, half a list would pass for the whole. */
function toPage(body: unknown): Page | undefined {
  const rows = listIn(body, 'data');
  const { has_more, last_id } = asRecord(body);
  if (!rows || has_more !== true) return rows && { rows };
  return typeof last_id === 'string' && last_id !== '' ? { rows, next: last_id } : undefined;
}
