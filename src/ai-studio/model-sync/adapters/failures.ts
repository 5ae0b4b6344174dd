import { AppError } from '../../../platform/errors';

/** Why a list could not be read. Sent to the client as `details.reason`; a screen may translate it. */
export type ListFailure =
  | 'key_unusable'
  | 'key_rejected'
  | 'key_not_allowed'
  | 'no_list_here'
  | 'request_refused'
  | 'too_many_requests'
  | 'provider_error'
  | 'unreachable'
  | 'timed_out'
  | 'cut_off'
  | 'response_too_large'
  | 'empty_answer'
  | 'not_json'
  | 'unexpected_shape'
  | 'cursor_loops'
  | 'too_many_pages'
  | 'too_many_models';

const advice: Record<ListFailure, string> = {
  key_unusable: 'The key holds characters that no header can carry. Store it again, without line breaks.',
  key_rejected: 'The provider rejected the key. Store a valid key and try again.',
  key_not_allowed:
    'The provider does not let this key list models. Check the permissions and the region of the key.',
  no_list_here: 'The provider has no list of models at this address. Check the base URL.',
  request_refused: 'The provider refused the request for its list of models. Check the base URL and the key.',
  too_many_requests: 'The provider takes no more requests for now. Try again later.',
  provider_error: 'The provider failed while listing its models. Try again later.',
  unreachable: 'The provider could not be reached. Check the base URL and try again later.',
  timed_out: 'The provider took too long to list its models. Try again later.',
  cut_off: 'The connection broke in the middle of the list of models. Try again.',
  response_too_large: 'The list of models is larger than is read. Check the base URL.',
  empty_answer: 'The provider gave an empty answer instead of a list of models. Check the base URL.',
  not_json: 'The provider answered with something other than JSON, perhaps a web page. Check the base URL.',
  unexpected_shape:
    'The answer is JSON but no list of models as this provider gives it. Check the base URL and the kind of provider.',
  cursor_loops: 'The pages of the list of models never end: a page came twice. Try again later.',
  too_many_pages: 'The list of models has more pages than are read. Check the base URL.',
  too_many_models: 'The list holds more models than are read. Check the base URL.',
};

/** What else is known of a failure. */
interface ListFailureOptions {
  /** HTTP status, where an answer came. */
  status?: number | undefined;
  /** Logged, never sent. */
  cause?: unknown;
}

/**
 * The one error for "this list could not be read": `PROVIDER_FAILED` with `details {reason, status}`. Our own words
 * only: an answer may repeat the key, or hold a page of somebody else's.
 */
export function listFailure(reason: ListFailure, { status, cause }: ListFailureOptions = {}): AppError {
  const suffix = status === undefined ? '' : ` (HTTP ${status})`;
  return new AppError('PROVIDER_FAILED', advice[reason] + suffix, { details: { reason, status }, cause });
}

const longestWait = 365 * 24 * 3600;

/** The provider asks for a longer wait than is waited here; says until when. */
export function waitFailure(status: number, seconds: number, now: number): AppError {
  const retryAfterSeconds = Math.min(Math.ceil(seconds), longestWait);
  const retryAt = new Date(now + retryAfterSeconds * 1000).toISOString();
  const reason: ListFailure = status === 429 ? 'too_many_requests' : 'provider_error';
  return new AppError(
    'PROVIDER_FAILED',
    `The provider asks to wait for ${retryAfterSeconds} seconds. Try again after ${retryAt}. (HTTP ${status})`,
    { details: { reason, status, retryAt }, retryAfterSeconds },
  );
}
