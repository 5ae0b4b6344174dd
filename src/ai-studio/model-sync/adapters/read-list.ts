import { AppError } from '../../../platform/errors';
import type { ListContext } from './adapter';
import { listFailure } from './failures';
import { maxBodyBytes, parseBody, readBody } from './read-body';
import { backoff, isRetryable, maxRetries, pause, requestedWait } from './retry';

interface ReadLimits {
  /** Milliseconds of one attempt, from the request to the last byte. */
  timeoutMs?: number;
  maxBytes?: number;
}

/** What one attempt came to: the text of a good answer, or why another attempt is due and after how many milliseconds. */
type Outcome = { text: string; status: number } | { failure: AppError; waitMs?: number | undefined };

/**
 * GETs `path` under the base URL and parses the answer. Lost connections, 408, 429 and 5xx are tried again, up to three
 * times, with growing pauses or after what `Retry-After` asks. Throws `PROVIDER_FAILED` (see `failures.ts`) in the end;
 * refusals of the egress guard and the reason of the signal come out as they are.
 */
export async function readJson(
  context: ListContext,
  path: string,
  headers: Record<string, string>,
  limits: ReadLimits = {},
): Promise<unknown> {
  const sleep = context.sleep ?? pause;
  const checkedHeaders = checkHeaders(headers);
  for (let attempt = 1; ; attempt++) {
    context.signal.throwIfAborted();
    const outcome = await attemptRead(context, context.baseUrl + path, checkedHeaders, limits);
    if ('text' in outcome) return parseBody(outcome.text, outcome.status);
    if (attempt > maxRetries) throw outcome.failure;
    await sleep(outcome.waitMs ?? backoff(attempt), context.signal);
  }
}

/** `fetch` itself would refuse them with a message that quotes the key. */
function checkHeaders(headers: Record<string, string>): Headers {
  try {
    return new Headers({ accept: 'application/json', ...headers });
  } catch {
    throw listFailure('key_unusable');
  }
}

async function attemptRead(
  { fetch, signal }: ListContext,
  url: string,
  headers: Headers,
  { timeoutMs = 30_000, maxBytes = maxBodyBytes }: ReadLimits,
): Promise<Outcome> {
  const timeout = AbortSignal.timeout(timeoutMs);
  let response: Response | undefined;
  try {
    // Not followed: the key would travel to another host.
    const init: RequestInit = { headers, redirect: 'manual', signal: AbortSignal.any([signal, timeout]) };
    response = await fetch(url, init);
    if (response.ok) return { text: await readBody(response, maxBytes), status: response.status };
    return await judgeRefusal(response);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AppError) throw error;
    const reason = timeout.aborted ? 'timed_out' : response ? 'cut_off' : 'unreachable';
    return { failure: listFailure(reason, { status: response?.status, cause: error }) };
  }
}

/** Throws where another attempt would change nothing. */
async function judgeRefusal(response: Response): Promise<Outcome> {
  const { status } = response;
  if (isRetryable(status)) {
    await response.body?.cancel().catch(() => undefined); // given up
    const failure = listFailure(status === 429 ? 'too_many_requests' : 'provider_error', { status });
    return { failure, waitMs: requestedWait(response, Date.now()) };
  }
  if (status === 400 && (await blamesKey(response))) throw listFailure('key_rejected', { status });
  await response.body?.cancel().catch(() => undefined); // given up
  if (status === 401) throw listFailure('key_rejected', { status });
  if (status === 403) throw listFailure('key_not_allowed', { status });
  if (status === 404) throw listFailure('no_list_here', { status });
  throw listFailure('request_refused', { status });
}

/** Google (`API_KEY_INVALID`) and xAI ("Incorrect API key") answer 400 to a wrong key. The text goes no further. */
async function blamesKey(response: Response): Promise<boolean> {
  return /api[ _]key/i.test(await readBody(response, 65_536).catch(() => ''));
}
