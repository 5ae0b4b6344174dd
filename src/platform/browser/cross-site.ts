import type { FastifyRequest } from 'fastify';
import { AppError } from '../errors';

/**
 * Refuses a call that a page of another site makes with the cookie of its visitor, whatever its method: subscriptions of
 * tRPC change things by GET, and a `SameSite=Lax` cookie comes along when a link to one is followed. A call with an
 * `Authorization` header is not concerned, since no browser adds one by itself, and neither is a program, which says
 * nothing of where it comes from. Better Auth checks `/api/auth` itself, by the same list.
 * Throws `FORBIDDEN`.
 */
export function assertOwnPage({ headers }: FastifyRequest, acceptedOrigins: ReadonlySet<string>): void {
  if (headers.authorization || headers.cookie === undefined) return;
  const { origin, referer, 'sec-fetch-site': site } = headers;
  if (origin !== undefined && acceptedOrigins.has(origin)) return;
  const isOwn =
    site === undefined
      ? origin === undefined && !isNavigation(headers) && !isElsewhere(referer, acceptedOrigins)
      : ownSites.has(site);
  if (isOwn) return;
  throw new AppError(
    'FORBIDDEN',
    'A page of another site cannot call with the session of its visitor. Call from this site, name the origin in CORS_ORIGINS, or send a bearer token.',
  );
}

/** What the browser itself says (Fetch Metadata, W3C): the same origin, or an address that the user typed. */
const ownSites: ReadonlySet<unknown> = new Set(['same-origin', 'none']);

/** Browsers send no Fetch Metadata to a server that is reached without https; what they follow a link with asks for a page. */
function isNavigation({ accept }: FastifyRequest['headers']): boolean {
  return accept?.includes('text/html') ?? false;
}

/**
 * Without Fetch Metadata, the page that an image or a script is loaded into is named here alone. What remains: a page of
 * the same site (another port or subdomain, or the cookie would stay away) that hides it.
 */
function isElsewhere(referer: string | undefined, acceptedOrigins: ReadonlySet<string>): boolean {
  return referer !== undefined && !(URL.canParse(referer) && acceptedOrigins.has(new URL(referer).origin));
}
