import { AppError } from '../errors';

/** Why an address was refused. Sent to the client as `details.reason`; a screen may translate it. */
export type EgressRefusalReason =
  | 'malformed'
  | 'scheme'
  | 'user_info'
  | 'fragment'
  | 'port'
  | 'reserved_name'
  | 'address'
  | 'unresolved'
  | 'redirect';

const advice: Record<EgressRefusalReason, string> = {
  malformed: 'Give a full address such as https://api.example.com/v1, without spaces or backslashes.',
  scheme:
    'Use an https:// address. Plain http:// works only for hosts that the operator has allowed (EGRESS_ALLOW_HOSTS).',
  user_info: 'Remove the user name and password from the address and store the key in its own field.',
  fragment: 'Remove the part that begins with # from the address.',
  port: 'Use port 443 or one above 1023 that is not reserved for another protocol, or ask the operator to allow this host (EGRESS_ALLOW_HOSTS).',
  reserved_name: 'Use a public host name, or ask the operator to allow this host (EGRESS_ALLOW_HOSTS).',
  address:
    'Use a host that leads to public addresses only, or ask the operator to allow this host (EGRESS_ALLOW_HOSTS).',
  unresolved: 'Check the spelling of the host name: no address was found for it.',
  redirect:
    'The host answered with a redirect, which is not followed. Save the address that it redirects to.',
};

/** Of these the operator may make exceptions. */
const allowed: ReadonlySet<EgressRefusalReason> = new Set(['scheme', 'port', 'reserved_name', 'address']);

/**
 * The one error for "this address must not be called": `EGRESS_REFUSED` with `details {reason, host, set?}`.
 * The message and details name the host only: never the path, the user info or what a name resolved to.
 * `observed` says what was seen (an address and its range), for the log alone.
 */
export function egressRefusal(reason: EgressRefusalReason, host: string | null, observed?: string): AppError {
  return new AppError('EGRESS_REFUSED', advice[reason], {
    details: { reason, host, ...(allowed.has(reason) ? { set: 'EGRESS_ALLOW_HOSTS' } : {}) },
    cause: observed === undefined ? undefined : new Error(observed),
  });
}
