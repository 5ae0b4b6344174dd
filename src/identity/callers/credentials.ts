import type { FastifyRequest } from 'fastify';
import type { RequestOrigin } from '@kdx/shared';
import type { Caller } from './caller';

/** The three request headers that say who is calling, and where from. */
export interface Credentials {
  authorization: string | undefined;
  cookie: string | undefined;
  teamId: string | undefined;
  address: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by `RouteAdmission`. */
    caller?: Caller | undefined;
  }
}

export function toCredentials({ headers, ip }: FastifyRequest): Credentials {
  const { authorization, cookie } = headers;
  const team = headers['x-team-id'];
  return { authorization, cookie, teamId: Array.isArray(team) ? team[0] : team, address: ip };
}

/**
 * One credential a call, whoever looks at it: beside an `Authorization`, good or bad, a cookie is nobody's, so that it
 * cannot lend the call another identity.
 */
export function toSessionHeaders({
  authorization,
  cookie,
}: Pick<Credentials, 'authorization' | 'cookie'>): Record<string, string> {
  return authorization ? { authorization } : cookie ? { cookie } : {};
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
