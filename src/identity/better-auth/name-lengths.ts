import { APIError, createAuthMiddleware } from 'better-auth/api';

/**
 * Most characters of what people and teams are called; Better Auth itself takes any number. An address: RFC 5321. A
 * picture may be a data URL.
 */
export const maxLengths = { name: 200, slug: 200, email: 320, image: 100_000, logo: 100_000 };

/** Runs before each route of Better Auth, which takes these in the body itself, or under `data` where it changes a team. */
export const refuseLongNames = createAuthMiddleware(async ({ body }) => {
  if (!isObject(body)) return;
  for (const [field, max] of Object.entries(maxLengths)) {
    if (isLonger(body, field, max) || (isObject(body.data) && isLonger(body.data, field, max)))
      throw new APIError('BAD_REQUEST', {
        code: 'VALIDATION_FAILED',
        message: `${field} must have at most ${max} characters.`,
      });
  }
});

function isLonger(record: Record<string, unknown>, field: string, max: number): boolean {
  const value = record[field];
  return typeof value === 'string' && value.length > max;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
