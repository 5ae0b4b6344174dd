import { APIError, createAuthMiddleware } from 'better-auth/api';
import type { AccountLimits } from './account-limits';
import { readCaller, readOrigin } from './trusted-headers';

/** Routes where a password is tried, and whose it is: that of an account which is named, or of the session that calls. */
const passwordRoutes: Partial<Record<string, 'named' | 'session'>> = {
  '/sign-in/email': 'named',
  '/change-password': 'session',
  '/verify-password': 'session',
  '/delete-user': 'session',
};

/** Other routes where something is guessed, or an account is made. */
const otherRoutes: ReadonlySet<string> = new Set([
  '/sign-up/email',
  '/request-password-reset',
  '/reset-password',
  '/verify-email',
  '/send-verification-email',
  '/organization/get-invitation',
  '/organization/accept-invitation',
  '/organization/reject-invitation',
]);

/** Whether the one who calls a route is counted: they have to be known, then. */
export function countsCaller(path: string): boolean {
  return passwordRoutes[path] === 'session';
}

type Call = Parameters<Parameters<typeof createAuthMiddleware>[0]>[0];

/** Hooks of a Better Auth plugin. An error that is none of Better Auth's own goes through: the answer is the product's. */
export function limitAttempts(limits: AccountLimits) {
  const isLimited = ({ path = '' }: { path?: string }) =>
    passwordRoutes[path] !== undefined || otherRoutes.has(path);
  return {
    before: [
      {
        matcher: isLimited,
        handler: createAuthMiddleware(async (call) => {
          const [account, address] = [findAccount(call), readOrigin(call.headers)?.address];
          if (address === undefined) return;
          await (account === undefined
            ? limits.takeAttempt(address)
            : limits.takeAttemptAt(account, address));
        }),
      },
    ],
    after: [
      {
        matcher: isLimited,
        handler: createAuthMiddleware(async (call) => {
          if (call.context.returned instanceof APIError) return;
          const [account, address] = [findAccount(call), readOrigin(call.headers)?.address];
          if (account !== undefined && address !== undefined) await limits.forgive(account, address);
        }),
      },
    ],
  };
}

/** The address of e-mail in the spelling in which accounts are kept, or the person whose session calls. */
function findAccount({ path = '', body, headers }: Call): string | undefined {
  switch (passwordRoutes[path]) {
    case 'named':
      return typeof body?.email === 'string' ? body.email.toLowerCase() : undefined;
    case 'session':
      return readCaller(headers);
    default:
      return undefined;
  }
}
