import { listFailure } from './failures';

/** Bytes of one answer. The largest known list, of some hundreds of models with descriptions, has less than one million. */
export const maxBodyBytes = 20 * 1024 * 1024;

/**
 * The whole body as text, at most `maxBytes` of it. Throws `PROVIDER_FAILED` beyond; what breaks the stream comes out as
 * it is.
 */
export async function readBody(response: Response, maxBytes: number): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return '';
  // Bytes that are no UTF-8 become U+FFFD, which no id may hold: one bad row does not cost the list.
  const decoder = new TextDecoder();
  let text = '';
  let received = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    received += value.byteLength;
    if (received > maxBytes) {
      await reader.cancel().catch(() => undefined); // it is given up anyway
      throw listFailure('response_too_large', { status: response.status });
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** Throws `PROVIDER_FAILED` for what is empty or no JSON. The parser's message quotes the text: it is not passed on. */
export function parseBody(text: string, status: number): unknown {
  if (text.trim() === '') throw listFailure('empty_answer', { status });
  try {
    return JSON.parse(text);
  } catch {
    throw listFailure('not_json', { status });
  }
}
