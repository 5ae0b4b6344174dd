/** What a browser may do with the answers of the API: nothing. `/docs` has a policy of its own. */
const answersOnly = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** One year, in seconds. */
const year = 365 * 24 * 60 * 60;

/**
 * Headers of every answer, refusals included. `cross-origin-resource-policy` is about pages that embed an answer; those of
 * `CORS_ORIGINS` read it through CORS, which it does not concern. No HSTS for a server that users reach without https.
 */
export function securityHeaders(publicUrl: string | undefined): Record<string, string> {
  return {
    'content-security-policy': answersOnly,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    ...(publicUrl?.startsWith('https:') ? { 'strict-transport-security': `max-age=${year}` } : {}),
  };
}
