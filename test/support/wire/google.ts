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
 * POST /v1beta/models/:model:generateContent, :streamGenerateContent?alt=sse and GET /v1beta/models.
 * Source: Gemini API reference, "Generating content" (GenerateContentResponse, UsageMetadata) and "Models"
 * (https://ai.google.dev/api); errors are `google.rpc.Status` (https://cloud.google.com/apis/design/errors).
 */
export const google: Protocol = {
  basePath: '/v1beta',
  defaultModels: ['gemini-2.5-pro', 'gemini-2.5-flash', 'gemini-2.5-flash-lite'],

  successHeaders: () => ({}),

  /** A wrong key is a 400 there, told from other bad requests by the reason `API_KEY_INVALID` only. */
  refuseCredentials(headers, expectKey) {
    const key = headers['x-goog-api-key'];
    if (key === undefined) return error(401, noCredentials);
    if (expectKey === undefined || key === expectKey) return undefined;
    const message = 'API key not valid. Please pass a valid API key.';
    return error(400, message, [
      {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        reason: 'API_KEY_INVALID',
        domain: 'googleapis.com',
        metadata: { service: 'generativelanguage.googleapis.com' },
      },
      { '@type': 'type.googleapis.com/google.rpc.LocalizedMessage', locale: 'en-US', message },
    ]);
  },

  refuse: (status, message) => error(status, message ?? messages[status] ?? `Status ${status}`),

  /** Pages of 50 unless told; the token is opaque, here the place to go on from. */
  listModels(ids, query) {
    const start = Number(query.get('pageToken') ?? 0);
    const end = start + Number(query.get('pageSize') ?? 50);
    return {
      models: ids.slice(start, end).map(describeModel),
      ...(end < ids.length && { nextPageToken: `${end}` }),
    };
  },

  readCall(url, body) {
    const [, model, method] =
      /^\/v1beta\/models\/([^/:]+):(\w+)$/.exec(decodeURIComponent(url.pathname)) ?? [];
    const stream = method === 'streamGenerateContent';
    if (model === undefined || !(stream || method === 'generateContent')) return error(404, 'Not Found');
    if (stream && url.searchParams.get('alt') !== 'sse')
      return error(501, 'This test server streams alt=sse only.');
    if (findMissing(body, ['contents']))
      return error(400, '* GenerateContentRequest.contents: contents is not specified');
    return readGenerateCall(model, stream, body);
  },
};

function readGenerateCall(model: string, stream: boolean, body: unknown): ModelCall {
  const responseId = newId('');
  const answer = (parts: object[], usage: object | null, finishReason?: string): object => ({
    candidates: [{ content: { parts, role: 'model' }, ...(finishReason && { finishReason }), index: 0 }],
    ...(usage && { usageMetadata: usage }),
    modelVersion: model,
    responseId,
  });
  return {
    kind: 'call',
    lastUserText: findLastUserText(field(body, 'contents')),
    stream,
    encodeBody: (reply) =>
      answer(
        [...thoughts(reply), { text: reply.text }],
        encodeUsage(reply, 1),
        finishReasons[reply.finishReason],
      ),
    encodeStream: (reply) => encodeChunks(reply, answer),
  };
}

type Answer = (parts: object[], usage: object | null, finishReason?: string) => object;

/** Every chunk is a whole response with the counts so far; the last one has no text and the finish reason. */
function encodeChunks(reply: FullReply, answer: Answer): StreamFrames {
  const reasoning = thoughts(reply);
  return {
    opening: reasoning.length === 0 ? [] : [sse(answer(reasoning, encodeUsage(reply, 0)))],
    deltas: reply.chunks.map((text, index) =>
      sse(answer([{ text }], encodeUsage(reply, (index + 1) / reply.chunks.length))),
    ),
    closing: [
      ...pictures(reply).map((part) => sse(answer([part], encodeUsage(reply, 1)))),
      sse(
        withSources(answer([{ text: '' }], encodeUsage(reply, 1), finishReasons[reply.finishReason]), reply),
      ),
    ],
    failure: (message) => [sse(error(503, message).body)],
  };
}

function thoughts({ reasoning }: FullReply): object[] {
  return reasoning === undefined ? [] : [{ text: reasoning, thought: true }];
}

function pictures({ picture }: FullReply): object[] {
  return picture === undefined ? [] : [{ inlineData: { mimeType: 'image/png', data: picture } }];
}

/** What the answer rests on stands beside the content of the first candidate. */
function withSources(whole: object, { sources }: FullReply): object {
  if (sources.length === 0) return whole;
  const { candidates } = whole as { candidates: [object] }; // made above
  const groundingMetadata = { groundingChunks: sources.map((web) => ({ web })) };
  return { ...whole, candidates: [{ ...candidates[0], groundingMetadata }] };
}

const finishReasons = { stop: 'STOP', length: 'MAX_TOKENS' };

/** `candidatesTokenCount` excludes thoughts; `promptTokenCount` includes what was cached. Zeros are left out. */
function encodeUsage({ usage }: FullReply, share: number): object | null {
  if (usage === null) return null;
  const candidates = Math.ceil((usage.outputTokens - usage.reasoningTokens) * share);
  return {
    promptTokenCount: usage.inputTokens,
    ...(candidates > 0 && { candidatesTokenCount: candidates }),
    totalTokenCount: usage.inputTokens + candidates + usage.reasoningTokens,
    ...(usage.cachedInputTokens > 0 && { cachedContentTokenCount: usage.cachedInputTokens }),
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: usage.inputTokens }],
    ...(usage.reasoningTokens > 0 && { thoughtsTokenCount: usage.reasoningTokens }),
  };
}

function describeModel(id: string): object {
  return {
    name: `models/${id}`,
    version: '001',
    displayName: id,
    description: `Test model ${id}`,
    inputTokenLimit: 1_048_576,
    outputTokenLimit: 65_536,
    supportedGenerationMethods: ['generateContent', 'countTokens'],
    temperature: 1,
    topP: 0.95,
    topK: 64,
    maxTemperature: 2,
  };
}

const noCredentials =
  'Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential.';

const messages: Record<number, string> = {
  401: noCredentials,
  403: 'The caller does not have permission',
  429: 'You exceeded your current quota, please check your plan and billing details.',
  500: 'An internal error has occurred.',
  503: 'The model is overloaded. Please try again later.',
};

const statusNames: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

function error(code: number, message: string, details?: object[]): Refusal {
  const status = statusNames[code] ?? 'UNKNOWN';
  return {
    kind: 'refusal',
    status: code,
    body: { error: { code, message, status, ...(details && { details }) } },
  };
}
