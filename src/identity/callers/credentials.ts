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

export function toCredentials({ headers }: FastifyRequest): Credentials {
  const { authorization, cookie } = headers;
  const team = headers['x-team-id'];
  return { authorization, cookie, teamId: Array.isArray(team) ? team[0] : team };
}

/** Where a call came from. The address is the connection's own: no header is believed. */
export function toRequestOrigin({ id, ip }: FastifyRequest): RequestOrigin {
  return { id, address: ip };
}
