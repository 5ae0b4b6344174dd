import type { FastifyRequest } from 'fastify';
import type { RequestOrigin } from '@kdx/shared';
import type { Caller } from './caller';
import type { Credentials } from './caller.service';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the permission guard. */
    caller?: Caller | undefined;
  }
}

export function toCredentials({ headers, ip }: FastifyRequest): Credentials {
  const { authorization, cookie } = headers;
  const team = headers['x-team-id'];
  return { authorization, cookie, teamId: Array.isArray(team) ? team[0] : team, address: ip };
}

/**
 * Where a call came from. The address is the connection's own, unless that is one of `TRUSTED_PROXIES`; the id is
 * ours, and the caller's own beside it is only quoted.
 */
export function toRequestOrigin({ id, ip, headers }: FastifyRequest): RequestOrigin {
  return { id, address: ip, clientId: acceptRequestId(headers['x-request-id']) };
}

/** A caller's own name for the call, if it is harmless to log and to store. */
function acceptRequestId(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && /^[\w-]{8,64}$/.test(header) ? header : undefined;
}
