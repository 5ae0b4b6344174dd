import type { BodyInit as UndiciBodyInit, RequestInit as UndiciRequestInit } from 'undici';
import { egressRefusal } from './refusal';

/**
 * Turns the arguments of the platform's `fetch` into those of undici's, which knows neither the global
 * `Request` nor the global `FormData` (it would send the text "[object FormData]"). Only the fields below
 * travel: a `dispatcher` or `redirect` of the caller would go around the guard.
 * Throws `EGRESS_REFUSED` (`malformed`) for a URL that cannot be parsed.
 */
export async function toUndiciCall(
  input: RequestInfo | URL,
  init: RequestInit = {},
): Promise<{ url: URL; init: UndiciRequestInit }> {
  // Told by shape, not by class: a Request may be the platform's or undici's own.
  const request = typeof input === 'object' && 'url' in input ? input : null;
  const url = URL.parse(request ? request.url : String(input));
  if (!url) throw egressRefusal('malformed', null);

  const headers = new Headers(init.headers ?? request?.headers);
  const body = await encodeForm(init.body ?? request?.body ?? null, headers);
  return {
    url,
    init: {
      method: init.method ?? request?.method,
      headers: [...headers],
      // The two packages declare the same body classes twice; at run time they are the platform's.
      body: body as UndiciBodyInit | null,
      duplex: 'half',
      signal: init.signal === undefined ? request?.signal : init.signal,
    },
  };
}

async function encodeForm(body: BodyInit | null, headers: Headers): Promise<BodyInit | null> {
  if (!(body instanceof FormData)) return body;

  const encoded = new Response(body);
  const contentType = encoded.headers.get('content-type');
  if (contentType && !headers.has('content-type')) headers.set('content-type', contentType);
  return encoded.arrayBuffer();
}
