import type { RawAnswer } from '../../support/raw-http';
import { findProblems } from '../../support/refusals';
import type { Draft } from './draft';
import { parse } from './json';

/** What a request brought to light. Empty lists where all is as promised. */
export interface Verdict {
  /** Why the answer, or its absence, is our fault. */
  faults: string[];
  /** The database refused a value that the door had taken. */
  unstorable: boolean;
}

/** Bytes of a refusal: a caller gets back no more of what they sent than helps them. */
const refusalLimit = 16_384;

/** Doors that ask a provider: they may say that it failed. */
const callsProviders =
  /\/(test|messages|diff|apply|regenerate)\b|\/chat$|\.(test|sendMessage|regenerate|diff|apply)$/;

/** Holds an answer against what is promised to whoever sends nonsense. */
export function judge(draft: Draft, answer: RawAnswer): Verdict {
  return {
    faults: faultsOf(draft, answer),
    unstorable: answer.text.includes('has a form that cannot be stored'),
  };
}

function faultsOf(draft: Draft, answer: RawAnswer): string[] {
  if (answer.outcome === 'late') return ['no answer in time'];
  if (answer.outcome === 'closed')
    return mayBeClosed(draft) ? [] : [`closed without an answer (${answer.error})`];
  const { status, headers, text } = answer;
  const type = headers.get('content-type') ?? '';
  if (draft.method === 'HEAD' || status === 204 || status === 304)
    return status >= 500 ? [`status ${status}`] : [];
  if (status >= 300 && status < 400)
    return draft.door.kind === 'auth' || draft.door.kind === 'page' ? [] : [`status ${status}`];
  if (status < 300) return faultsInside(draft, text, type);
  const body = parse(text);
  if (isAuthRefusal(draft, answer, body)) return [];
  return findProblems({ status, headers, text, body })
    .filter((problem) => !isProviderFailure(draft, status, text) || !problem.startsWith('status'))
    .concat(type.startsWith('application/json') ? [] : [`content type ${type}`])
    .concat(
      text.length > refusalLimit * Math.max(1, Array.isArray(body) ? body.length : 1)
        ? [`${text.length} bytes of refusal`]
        : [],
    );
}

/** Where so much, or so little, was sent that the server answers before the end: what it says then may not arrive. */
function mayBeClosed({ bytes, unfinished, method, target, body }: Draft): boolean {
  return (
    Boolean(bytes ?? unfinished) ||
    method === 'CONNECT' ||
    Math.max(target.length, body?.length ?? 0) > 2 ** 16
  );
}

function isProviderFailure({ door }: Draft, status: number, text: string): boolean {
  return status === 502 && callsProviders.test(door.path) && text.includes('"PROVIDER_FAILED"');
}

/** Better Auth's own form: `{ code?, message }`, both texts of its own. */
function isAuthRefusal({ target }: Draft, { status, text }: RawAnswer, body: unknown): boolean {
  if (!/^(http:\/\/[^/]+)?\/+api\/auth\//i.test(target) || status >= 500 || text.length > 2_000) return false;
  if (typeof body !== 'object' || body === null || !('message' in body) || typeof body.message !== 'string')
    return false;
  return !('code' in body) || /^[A-Z][A-Z0-9_]*$/.test(String(body.code));
}

/** A batch and a stream answer 200 and say what is wrong inside. */
function faultsInside({ door }: Draft, text: string, type: string): string[] {
  if (door.kind !== 'trpc' && !type.startsWith('text/event-stream')) return [];
  return [...text.matchAll(/"code":"(INTERNAL|SHUTTING_DOWN|TOKEN_UNREADABLE)"/g)].map(
    ([, code]) => `${code} inside an answer`,
  );
}
