import { newId, nowInSeconds, sse, type FullReply, type ModelCall, type StreamFrames } from './protocol';
import { field, findLastUserText } from './request-body';

/**
 * POST /v1/responses. Source: OpenAI API reference, "The response object" and "Streaming events"
 * (https://platform.openai.com/docs/api-reference/responses, …/responses-streaming). The `error` event is nested
 * as the service sends it, not flat as the reference shows it, and `response.failed` follows.
 */
export function readResponsesCall(body: unknown): ModelCall {
  const model = String(field(body, 'model'));
  return {
    kind: 'call',
    lastUserText: findLastUserText(field(body, 'input')),
    stream: field(body, 'stream') === true,
    encodeBody: (reply) => finishResponse(newResponse(model), reply, newOutput(reply)),
    encodeStream: (reply) => encodeEvents(model, reply),
  };
}

function encodeEvents(model: string, reply: FullReply): StreamFrames {
  const response = newResponse(model);
  const output = newOutput(reply);
  const { message } = output;
  const part = { type: 'output_text', annotations: [], logprobs: [], text: reply.text };
  const at = { item_id: message.id, output_index: output.reasoning ? 1 : 0, content_index: 0 };
  const outcome = reply.finishReason === 'length' ? 'response.incomplete' : 'response.completed';
  const event = numberedEvents();

  const opening = [event('response.created', { response }), event('response.in_progress', { response })];
  if (output.reasoning) opening.push(...reasoningEvents(event, output.reasoning));
  opening.push(
    event('response.output_item.added', {
      output_index: at.output_index,
      item: { ...message, status: 'in_progress', content: [] },
    }),
    event('response.content_part.added', { ...at, part: { ...part, text: '' } }),
  );
  const deltas = reply.chunks.map((delta) =>
    event('response.output_text.delta', { ...at, delta, logprobs: [] }),
  );
  const closing = [
    event('response.output_text.done', { ...at, text: reply.text, logprobs: [] }),
    event('response.content_part.done', { ...at, part }),
    event('response.output_item.done', { output_index: at.output_index, item: message }),
    event(outcome, { response: finishResponse(response, reply, output) }),
  ];
  return {
    opening,
    deltas,
    closing,
    failure: (text, sent) => failureEvents(response, opening.length + sent, text),
  };
}

type Event = (type: string, fields: object) => string;

/** Each event says its place in the stream. */
function numberedEvents(from = 0): Event {
  let sequence = from;
  return (type, fields) => sse({ type, sequence_number: sequence++, ...fields }, type);
}

function reasoningEvents(event: Event, item: ReasoningItem): string[] {
  const at = { item_id: item.id, output_index: 0, summary_index: 0 };
  const [{ text }] = item.summary;
  const part = { type: 'summary_text', text };
  return [
    event('response.output_item.added', { output_index: 0, item: { ...item, summary: [] } }),
    event('response.reasoning_summary_part.added', { ...at, part: { ...part, text: '' } }),
    event('response.reasoning_summary_text.delta', { ...at, delta: text }),
    event('response.reasoning_summary_text.done', { ...at, text }),
    event('response.reasoning_summary_part.done', { ...at, part }),
    event('response.output_item.done', { output_index: 0, item }),
  ];
}

function failureEvents(response: object, sequence: number, message: string): string[] {
  const event = numberedEvents(sequence);
  const code = 'server_error';
  return [
    event('error', { error: { type: code, code, message, param: null } }),
    event('response.failed', { response: { ...response, status: 'failed', error: { code, message } } }),
  ];
}

interface ReasoningItem {
  id: string;
  type: string;
  summary: [{ type: string; text: string }];
}

interface Output {
  reasoning?: ReasoningItem;
  message: { id: string };
}

function newOutput(reply: FullReply): Output {
  const message = {
    id: newId('msg_'),
    type: 'message',
    status: reply.finishReason === 'length' ? 'incomplete' : 'completed',
    role: 'assistant',
    content: [{ type: 'output_text', annotations: [], logprobs: [], text: reply.text }],
  };
  if (reply.reasoning === undefined) return { message };
  const summary: ReasoningItem['summary'] = [{ type: 'summary_text', text: reply.reasoning }];
  return { reasoning: { id: newId('rs_'), type: 'reasoning', summary }, message };
}

function newResponse(model: string): object {
  return {
    id: newId('resp_'),
    object: 'response',
    created_at: nowInSeconds(),
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    model,
    output: [],
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    service_tier: 'default',
    store: true,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    truncation: 'disabled',
    usage: null,
  };
}

function finishResponse(response: object, reply: FullReply, output: Output): object {
  const cutShort = reply.finishReason === 'length';
  return {
    ...response,
    status: cutShort ? 'incomplete' : 'completed',
    incomplete_details: cutShort ? { reason: 'max_output_tokens' } : null,
    output: output.reasoning ? [output.reasoning, output.message] : [output.message],
    usage: reply.usage && encodeUsage(reply.usage),
  };
}

function encodeUsage(usage: NonNullable<FullReply['usage']>): object {
  return {
    input_tokens: usage.inputTokens,
    input_tokens_details: {
      cached_tokens: usage.cachedInputTokens,
      ...(usage.cacheWriteTokens > 0 && { cache_write_tokens: usage.cacheWriteTokens }),
    },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.inputTokens + usage.outputTokens,
  };
}
