import type { ErrorCode } from './app-error';

/** What each code says, for the API document. */
export const errorMeanings: Record<ErrorCode, string> = {
  VALIDATION_FAILED: 'something does not fit; `details.fields` names each field',
  UNAUTHENTICATED: 'no credential, or one that is not valid',
  FORBIDDEN: 'the caller is known and may not do this',
  NOT_FOUND: "not there, or another team's: the same answer",
  CONFLICT: 'somebody else changed it, or the name is taken: read again',
  MODEL_NOT_AVAILABLE:
    'the model is not enabled, archived, or too small for the request; `details.set` names the switch where there is one',
  NO_DEFAULT_MODEL: 'the team has chosen no default model; `details.set` says where to',
  TOKEN_MISSING:
    'the team has no key for the provider, or one for another address; `details.set` says where to store it',
  TOKEN_UNREADABLE:
    'the stored key cannot be opened, or none be stored; `details.set` names what the operator or an admin has to set, where something has to be',
  AGENT_LOCKED: 'the agent of this conversation may not be changed',
  BUDGET_EXCEEDED: 'a budget is used up; `details` says which, and when it is renewed',
  RATE_LIMITED: 'too many requests; wait for `Retry-After`',
  EGRESS_REFUSED:
    'the address leads to where this server does not go; `details.set` names what allows it, where the operator can',
  PROVIDER_FAILED:
    'no provider answered; `details.candidates` says why, one by one, each with `set` where a switch may help',
  SHUTTING_DOWN: 'this server takes no work now; wait for `Retry-After`',
  INTERNAL: 'our fault; it is logged under the request id',
};
