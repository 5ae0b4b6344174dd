import { APIError, createAuthMiddleware } from 'better-auth/api';
import { findCharacterProblems } from '@kdx/shared';

/**
 * Most characters of what people and teams are called; Better Auth itself takes any number. An address: RFC 5321. A
 * picture may be a data URL.
 */
export const maxLengths = { name: 200, slug: 200, email: 320, image: 100_000, logo: 100_000 };

/** What others read of a person or a team, in lists, invitations and the audit log: one line that is what it shows. */
const shown = ['name', 'slug'];

/** Runs before each route of Better Auth, which takes these in the body itself, or under `data` where it changes a team. */
export const refuseBadNames = createAuthMiddleware(async ({ body }) => {
  if (!isObject(body)) return;
  for (const record of [body, body.data]) {
    if (!isObject(record)) continue;
    for (const [field, max] of Object.entries(maxLengths)) {
      const value = record[field];
      if (typeof value !== 'string') continue;
      if (value.length > max) throw refused(`${field} must have at most ${max} characters.`);
      const problem = shown.includes(field) ? findLineProblem(value) : undefined;
      if (problem) throw refused(`${field} ${problem}.`);
    }
  }
});

function findLineProblem(text: string): string | undefined {
  return /[\t\n\r\u2028\u2029]/.test(text)
    ? 'must be one line, without tabs'
    : findCharacterProblems(text)[0];
}

function refused(message: string): APIError {
  return new APIError('BAD_REQUEST', { code: 'VALIDATION_FAILED', message });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
