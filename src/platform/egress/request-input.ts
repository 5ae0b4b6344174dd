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
  const body = passOn(await encodeForm(init.body ?? request?.body ?? null, headers), headers);
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

/** From this length on a text is worth to be let go of. */
const longText = 256 * 1024;
const pieceBytes = 64 * 1024;

/**
 * A long text as a stream of its bytes: undici holds a text, and its bytes beside it, until the answer has ended, and a
 * stream only until it is sent. Its length is said all the same, since not every server takes a body without.
 */
function passOn(body: BodyInit | null, headers: Headers): BodyInit | null {
  if (typeof body !== 'string' || body.length < longText) return body;

  let bytes = new TextEncoder().encode(body);
  headers.set('content-length', String(bytes.length));
  if (!headers.has('content-type')) headers.set('content-type', 'text/plain;charset=UTF-8');
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(bytes.subarray(0, pieceBytes));
      bytes = bytes.subarray(pieceBytes);
      if (bytes.length === 0) controller.close();
    },
    cancel() {
      bytes = new Uint8Array();
    },
  });
}

async function encodeForm(body: BodyInit | null, headers: Headers): Promise<BodyInit | null> {
  if (!(body instanceof FormData)) return body;

  const encoded = new Response(body);
  const contentType = encoded.headers.get('content-type');
  if (contentType && !headers.has('content-type')) headers.set('content-type', contentType);
  return encoded.arrayBuffer();
}
