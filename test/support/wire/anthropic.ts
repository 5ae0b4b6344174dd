import {
  newId,
  sse,
  type FullReply,
  type ModelCall,
  type Protocol,
  type Refusal,
  type StreamFrames,
} from './protocol';
import { field, findLastUserText, findMissing } from './request-body';

/**
 * POST /v1/messages and GET /v1/models. Source: Anthropic API reference, "Create a Message", "Streaming Messages",
 * "Errors", "Versions" and "List Models" (https://docs.anthropic.com/en/api).
 */
export const anthropic: Protocol = {
  basePath: '/v1',
  defaultModels: ['claude-opus-4-1', 'claude-sonnet-4-5', 'claude-haiku-4-5'],

  successHeaders: () => ({ 'request-id': newId('req_') }),

  refuseCredentials(headers, expectKey) {
    const key = headers['x-api-key'];
    if (key === undefined) return error(401, 'x-api-key header is required');
    if (expectKey !== undefined && key !== expectKey) return error(401, 'invalid x-api-key');
    if (headers['anthropic-version'] === undefined)
      return error(400, 'anthropic-version: header is required');
    return undefined;
  },

  refuse: (status, message) => error(status, message ?? messages[status] ?? `Status ${status}`),

  /** Pages of 20 unless told; `after_id` goes on, `before_id` goes back. */
  listModels(ids, query) {
    const limit = Number(query.get('limit') ?? 20);
    const before = query.get('before_id');
    const end = before === null ? ids.length : ids.indexOf(before);
    const start = before === null ? ids.indexOf(query.get('after_id') ?? '') + 1 : Math.max(0, end - limit);
    const page = ids.slice(start, Math.min(end, start + limit));
    return {
      data: page.map((id) => ({ type: 'model', id, display_name: id, created_at: '2025-09-29T00:00:00Z' })),
      first_id: page[0] ?? null,
      has_more: before === null ? start + limit < end : start > 0,
      last_id: page.at(-1) ?? null,
    };
  },

  readCall(url, body) {
    if (url.pathname !== '/v1/messages') return error(404, 'Not found');
    const missing = findMissing(body, ['model', 'max_tokens', 'messages']);
    return missing === undefined ? readMessagesCall(body) : error(400, `${missing}: Field required`);
  },
};

function readMessagesCall(body: unknown): ModelCall {
  const model = String(field(body, 'model'));
  return {
    kind: 'call',
    lastUserText: findLastUserText(field(body, 'messages')),
    stream: field(body, 'stream') === true,
    encodeBody: (reply) => ({
      ...newMessage(model),
      content: [
        ...(reply.reasoning === undefined
          ? []
          : [{ type: 'thinking', thinking: reply.reasoning, signature: newId('sig_') }]),
        { type: 'text', text: reply.text },
      ],
      stop_reason: stopReasons[reply.finishReason],
      usage: { ...inputUsage(reply), ...outputUsage(reply), service_tier: 'standard' },
    }),
    encodeStream: (reply) => encodeEvents(model, reply),
  };
}

/** Event names equal the `type` of their data. The last word on usage is in `message_delta`, cumulative. */
function encodeEvents(model: string, reply: FullReply): StreamFrames {
  const event = (type: string, fields: object = {}): string => sse({ type, ...fields }, type);
  const index = reply.reasoning === undefined ? 0 : 1;
  const usage = { ...inputUsage(reply), output_tokens: 1, service_tier: 'standard' };
  const opening = [event('message_start', { message: { ...newMessage(model), usage } })];
  if (reply.reasoning !== undefined) {
    const thinking = (delta: object): string => event('content_block_delta', { index: 0, delta });
    opening.push(
      event('content_block_start', {
        index: 0,
        content_block: { type: 'thinking', thinking: '', signature: '' },
      }),
      thinking({ type: 'thinking_delta', thinking: reply.reasoning }),
      thinking({ type: 'signature_delta', signature: newId('sig_') }),
      event('content_block_stop', { index: 0 }),
    );
  }
  opening.push(
    event('content_block_start', { index, content_block: { type: 'text', text: '' } }),
    event('ping'),
  );
  return {
    opening,
    deltas: reply.chunks.map((text) =>
      event('content_block_delta', { index, delta: { type: 'text_delta', text } }),
    ),
    closing: [
      event('content_block_stop', { index }),
      event('message_delta', {
        delta: { stop_reason: stopReasons[reply.finishReason], stop_sequence: null },
        usage: { ...inputUsage(reply), ...outputUsage(reply) },
      }),
      event('message_stop'),
    ],
    failure: (message) => [event('error', { error: { type: 'api_error', message } })],
  };
}

function newMessage(model: string): object {
  return {
    id: newId('msg_'),
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
  };
}

const stopReasons = { stop: 'end_turn', length: 'max_tokens' };

/** `input_tokens` here excludes what was read from or written to the cache. */
function inputUsage({ usage }: FullReply): object {
  const { inputTokens = 0, cachedInputTokens = 0, cacheWriteTokens = 0 } = usage ?? {};
  return {
    input_tokens: inputTokens - cachedInputTokens - cacheWriteTokens,
    cache_creation_input_tokens: cacheWriteTokens,
    cache_read_input_tokens: cachedInputTokens,
  };
}

/** `output_tokens` includes thinking; how much of it was thinking is said only if there was any. */
function outputUsage({ usage }: FullReply): object {
  const { outputTokens = 0, reasoningTokens = 0 } = usage ?? {};
  return {
    output_tokens: outputTokens,
    ...(reasoningTokens > 0 && { output_tokens_details: { thinking_tokens: reasoningTokens } }),
  };
}

const messages: Record<number, string> = {
  401: 'invalid x-api-key',
  403: 'Your API key does not have permission to use the specified resource.',
  429: 'This request would exceed the rate limit for your organization.',
  500: 'Internal server error',
  529: 'Overloaded',
};

const errorTypes: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

function error(status: number, message: string): Refusal {
  const requestId = newId('req_');
  const type = errorTypes[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
  const body = { type: 'error', error: { type, message }, request_id: requestId };
  return { kind: 'refusal', status, headers: { 'request-id': requestId }, body };
}
