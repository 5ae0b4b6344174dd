import { newId, nowInSeconds, sse, type FullReply, type ModelCall, type StreamFrames } from './protocol';
import { field, findLastUserText } from './request-body';

/**
 * POST /v1/chat/completions. Source: OpenAI API reference, "The chat completion object" and "The chat completion
 * chunk object" (https://platform.openai.com/docs/api-reference/chat). `reasoning_content` is not OpenAI's: it is
 * what DeepSeek and other compatible providers add (https://api-docs.deepseek.com/guides/reasoning_model).
 */
export function readChatCall(body: unknown): ModelCall {
  const model = String(field(body, 'model'));
  const includeUsage = field(field(body, 'stream_options'), 'include_usage') === true;
  return {
    kind: 'call',
    lastUserText: findLastUserText(field(body, 'messages')),
    stream: field(body, 'stream') === true,
    encodeBody: (reply) => encodeCompletion(model, reply),
    encodeStream: (reply) => encodeChunks(model, reply, includeUsage),
  };
}

function encodeCompletion(model: string, reply: FullReply): object {
  const message = {
    role: 'assistant',
    content: reply.text,
    ...(reply.reasoning !== undefined && { reasoning_content: reply.reasoning }),
    refusal: null,
    annotations: [],
  };
  return {
    ...envelope(model, 'chat.completion'),
    choices: [{ index: 0, message, logprobs: null, finish_reason: reply.finishReason }],
    ...(reply.usage && { usage: encodeUsage(reply.usage) }),
  };
}

/**
 * With `stream_options.include_usage` each chunk has `usage: null` and one more chunk, without choices, has the
 * numbers; without it no chunk speaks of usage.
 */
function encodeChunks(model: string, reply: FullReply, includeUsage: boolean): StreamFrames {
  const shared = envelope(model, 'chat.completion.chunk');
  const chunk = (delta: object, finishReason: string | null = null): string =>
    sse({
      ...shared,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
      ...(includeUsage && { usage: null }),
    });
  const opening = [chunk({ role: 'assistant', content: '', refusal: null })];
  if (reply.reasoning !== undefined) opening.push(chunk({ reasoning_content: reply.reasoning }));
  const closing = [chunk({}, reply.finishReason)];
  if (includeUsage && reply.usage)
    closing.push(sse({ ...shared, choices: [], usage: encodeUsage(reply.usage) }));
  closing.push(sse('[DONE]'));
  return {
    opening,
    deltas: reply.chunks.map((content) => chunk({ content })),
    closing,
    failure: (message) => [sse({ error: { message, type: 'server_error', param: null, code: null } })],
  };
}

function envelope(model: string, object: string): object {
  return {
    id: newId('chatcmpl-'),
    object,
    created: nowInSeconds(),
    model,
    service_tier: 'default',
    system_fingerprint: null,
  };
}

function encodeUsage(usage: NonNullable<FullReply['usage']>): object {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: {
      cached_tokens: usage.cachedInputTokens,
      ...(usage.cacheWriteTokens > 0 && { cache_write_tokens: usage.cacheWriteTokens }),
      audio_tokens: 0,
    },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}
