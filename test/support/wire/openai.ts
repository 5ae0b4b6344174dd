import { readChatCall } from './openai-chat';
import { readResponsesCall } from './openai-responses';
import { newId, type Protocol, type Refusal } from './protocol';
import { findMissing } from './request-body';

/**
 * What OpenAI's two model APIs share: key, errors and the list of models.
 * Source: OpenAI API reference, "Authentication", "Models" and "Error codes"
 * (https://platform.openai.com/docs/api-reference, https://platform.openai.com/docs/guides/error-codes).
 */
export const openai: Protocol = {
  basePath: '/v1',
  defaultModels: ['gpt-5', 'gpt-5-mini', 'gpt-4.1-mini'],

  successHeaders: () => ({ 'x-request-id': newId('req_'), 'openai-version': '2020-10-01' }),

  refuseCredentials(headers, expectKey) {
    const key = /^Bearer (.+)$/i.exec(headers['authorization'] ?? '')?.[1];
    if (key === undefined) {
      return error(401, 'invalid_request_error', null, "You didn't provide an API key.");
    }
    if (expectKey === undefined || key === expectKey) return undefined;
    const message = `Incorrect API key provided: ${maskKey(key)}. You can find your API key at https://platform.openai.com/account/api-keys.`;
    return error(401, 'invalid_request_error', 'invalid_api_key', message);
  },

  refuse(status, message) {
    const { type, code, text } = errors[status] ?? fallback(status);
    return error(status, type, code, message ?? text);
  },

  listModels: (ids) => ({
    object: 'list',
    data: ids.map((id) => ({ id, object: 'model', created: 1_754_000_000, owned_by: 'system' })),
  }),

  readCall(url, body) {
    if (url.pathname === '/v1/chat/completions') return missing(body, 'messages') ?? readChatCall(body);
    if (url.pathname === '/v1/responses') return missing(body, 'input') ?? readResponsesCall(body);
    return error(404, 'invalid_request_error', 'unknown_url', `Unknown request URL: POST ${url.pathname}.`);
  },
};

const errors: Record<number, { type: string; code: string | null; text: string }> = {
  401: { type: 'invalid_request_error', code: 'invalid_api_key', text: 'Incorrect API key provided.' },
  403: { type: 'invalid_request_error', code: null, text: 'You are not allowed to use this model.' },
  404: { type: 'invalid_request_error', code: 'model_not_found', text: 'The model does not exist.' },
  429: { type: 'requests', code: 'rate_limit_exceeded', text: 'Rate limit reached for requests.' },
  500: { type: 'server_error', code: null, text: 'The server had an error while processing your request.' },
  503: {
    type: 'server_error',
    code: null,
    text: 'The engine is currently overloaded, please try again later.',
  },
};

function fallback(status: number): { type: string; code: null; text: string } {
  const type = status >= 500 ? 'server_error' : 'invalid_request_error';
  return { type, code: null, text: `Request failed with status ${status}.` };
}

function error(status: number, type: string, code: string | null, message: string): Refusal {
  const headers = { 'x-request-id': newId('req_') };
  return { kind: 'refusal', status, headers, body: { error: { message, type, param: null, code } } };
}

function missing(body: unknown, turns: string): Refusal | undefined {
  const name = findMissing(body, ['model', turns]);
  if (name === undefined) return undefined;
  const code = 'missing_required_parameter';
  return error(400, 'invalid_request_error', code, `Missing required parameter: '${name}'.`);
}

/** OpenAI echoes the two ends of a wrong key: a message from there is not free of secrets. */
function maskKey(key: string): string {
  if (key.length <= 12) return '*'.repeat(key.length);
  return key.slice(0, 8) + '*'.repeat(key.length - 12) + key.slice(-4);
}
