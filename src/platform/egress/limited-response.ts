import type { ReadableStreamDefaultReader } from 'node:stream/web';
import { errors, type Response as UndiciResponse } from 'undici';
import { AppError } from '../errors';

const statusesWithoutBody = new Set([204, 205, 304]);

/**
 * The platform's own `Response` over what undici received, so that `instanceof Response` holds for callers. The body is
 * pulled on demand (back-pressure reaches the socket) and fails with `PROVIDER_FAILED`, `details.reason`
 * `response_too_large`, once more than `maxBytes` were decoded: a small compressed body may hold a large one.
 */
export async function toLimitedResponse(source: UndiciResponse, maxBytes: number): Promise<Response> {
  const hasBody = source.body !== null && !statusesWithoutBody.has(source.status);
  try {
    const response = new Response(hasBody ? limitedBody(source, maxBytes) : null, {
      status: source.status,
      statusText: source.statusText,
      headers: [...source.headers],
    });
    // A constructed Response has an empty url; `Response.url` is what a fetched one tells.
    return Object.defineProperty(response, 'url', { value: source.url });
  } catch (cause) {
    await source.body?.cancel();
    throw new AppError(
      'PROVIDER_FAILED',
      'The provider gave an answer that is not valid HTTP. Try again later.',
      {
        details: { reason: 'malformed_response', host: hostOf(source) },
        cause,
      },
    );
  }
}

/**
 * undici wraps what went wrong in `TypeError('fetch failed')` or `TypeError('terminated')`. Gives back the
 * `AppError` inside, or one for undici's own size cap; every other error stays as it is, so that the AI SDK
 * still tells a lost connection or a time-out, which it may retry, from a refusal, which it may not.
 */
export function unwrapError(error: unknown, host: string, maxBytes: number): unknown {
  for (let inner = error, depth = 0; inner instanceof Error && depth < 8; inner = inner.cause, depth++) {
    if (inner instanceof AppError) return inner;
    if (inner instanceof errors.ResponseExceededMaxSizeError) return tooLarge(host, maxBytes);
  }
  return error;
}

function limitedBody(source: UndiciResponse, maxBytes: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  const host = hostOf(source);
  // Locked at the first read, not before: if the caller drops the response unread, undici's own finalizer
  // still ends the connection.
  let reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;
  let received = 0;

  return new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      reader ??= source.body?.getReader();
      const chunk = await reader?.read().catch((error: unknown) => {
        throw unwrapError(error, host, maxBytes);
      });
      if (!chunk || chunk.done) {
        controller.close();
        controller.byobRequest?.respond(0);
        return;
      }

      received += chunk.value.byteLength;
      if (received > maxBytes) {
        const error = tooLarge(host, maxBytes);
        await reader?.cancel(error);
        throw error;
      }
      controller.enqueue(chunk.value);
    },
    async cancel(reason) {
      await (reader ?? source.body)?.cancel(reason);
    },
  });
}

function tooLarge(host: string, maxBytes: number): AppError {
  return new AppError(
    'PROVIDER_FAILED',
    `The provider sent more than ${maxBytes} bytes. Ask for a shorter answer.`,
    { details: { reason: 'response_too_large', host } },
  );
}

function hostOf(source: UndiciResponse): string {
  return URL.parse(source.url)?.hostname ?? '';
}
