import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Content,
  LanguageModelV4GenerateResult,
  SharedV4Warning,
} from '@ai-sdk/provider';
import { composeAnswer } from './answer';
import { connectionRefused, httpFailure, toCallError } from './failures';
import { untilAborted } from './pace';
import { partStream } from './part-stream';
import { type Call, callParts } from './parts';
import { type ResolvedSettings, resolveSettings } from './settings';

/**
 * The echo model. Stateless: one instance serves any number of calls at once.
 *
 * `doStream` and `doGenerate` reject with an `InvalidArgumentError` for wrong provider options, with an
 * `APICallError` for a wrong directive or a failure at token 0, and with the abort signal's reason.
 */
export function createEchoModel(modelId: string): LanguageModelV4 {
  return {
    specificationVersion: 'v4',
    provider: 'sandbox',
    modelId,
    // Every URL is "supported", so that the AI SDK downloads none: the sandbox is offline.
    supportedUrls: { '*/*': [/.*/] },

    async doStream(options) {
      const call = await beginCall(modelId, options);
      return { stream: partStream((signal) => callParts(call, signal), options.abortSignal) };
    },

    async doGenerate(options) {
      const call = await beginCall(modelId, options);
      return collect(call, options.abortSignal ?? new AbortController().signal);
    },
  };
}

async function beginCall(modelId: string, options: LanguageModelV4CallOptions): Promise<Call> {
  options.abortSignal?.throwIfAborted();
  const settings = resolveSettings(options);
  await failBeforeFirstPart(settings.failure, options.abortSignal);
  return { modelId, settings, answer: composeAnswer(options, settings), warnings: warningsOf(options) };
}

/** The failures that a provider answers in place of a stream. The other kinds need a stream to happen in. */
async function failBeforeFirstPart(
  failure: ResolvedSettings['failure'],
  abortSignal: AbortSignal | undefined,
): Promise<void> {
  if (failure?.at !== 0) return;
  switch (failure.kind) {
    case 'error-part':
    case 'content-filter':
      return;
    case 'cut':
      throw connectionRefused();
    case 'hang':
      return untilAborted(abortSignal ?? new AbortController().signal);
    case 'rate-limit':
    case 'server-error':
    case 'overloaded':
    case 'unauthorized':
    case 'bad-request':
      throw httpFailure(failure.kind);
  }
}

/** Runs the same parts to their end, at the same speed. A failure on the way fails the whole call. */
async function collect(call: Call, signal: AbortSignal): Promise<LanguageModelV4GenerateResult> {
  const written = { reasoning: '', text: '' };
  let response: LanguageModelV4GenerateResult['response'];
  try {
    for await (const part of callParts(call, signal)) {
      if (part.type === 'response-metadata') {
        response = { id: part.id, timestamp: part.timestamp, modelId: part.modelId };
      }
      if (part.type === 'reasoning-delta') written.reasoning += part.delta;
      if (part.type === 'text-delta') written.text += part.delta;
      if (part.type === 'error') throw part.error;
      if (part.type === 'finish') {
        const { finishReason, usage } = part;
        return { content: contentOf(written), finishReason, usage, response, warnings: call.warnings };
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    throw toCallError(error);
  }
  throw new Error('The parts of a call end with a finish or an error.');
}

function contentOf({ reasoning, text }: { reasoning: string; text: string }): LanguageModelV4Content[] {
  const content: LanguageModelV4Content[] = [];
  if (reasoning !== '') content.push({ type: 'reasoning', text: reasoning });
  if (text !== '') content.push({ type: 'text', text });
  return content;
}

/** What the caller asked for and an echo cannot give. */
function warningsOf({ tools, responseFormat }: LanguageModelV4CallOptions): SharedV4Warning[] {
  const warnings: SharedV4Warning[] = [];
  if (tools !== undefined && tools.length > 0) {
    warnings.push({
      type: 'unsupported',
      feature: 'tools',
      details: 'The sandbox model never calls a tool.',
    });
  }
  if (responseFormat?.type === 'json') {
    const details = 'The sandbox model answers with Markdown; set `answer` to the JSON that you expect.';
    warnings.push({ type: 'unsupported', feature: 'responseFormat', details });
  }
  return warnings;
}
