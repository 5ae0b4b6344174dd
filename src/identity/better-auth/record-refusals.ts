import { APIError, createAuthMiddleware, getSessionFromCtx } from 'better-auth/api';
import { isUuid, toTeamId, toUserId } from '@kdx/shared';
import {
  instanceChain,
  type AuditOrigin,
  type RefusedAttempts,
  type RefusedEntry,
} from '../../platform/audit';
import { readOrigin } from './trusted-headers';

/** Routes of Better Auth that ask for a role in a team, by what they do. */
const actions: Partial<Record<string, string>> = {
  '/organization/update': 'teams.update',
  '/organization/delete': 'teams.delete',
  '/organization/invite-member': 'members.invite',
  '/organization/cancel-invitation': 'invitations.cancel',
  '/organization/remove-member': 'members.remove',
  '/organization/update-member-role': 'members.update',
};

interface Refusal {
  path: string;
  status: number;
  origin: AuditOrigin;
}

/**
 * Runs after each route of Better Auth: sign-ins that failed and what a member may not do go into the audit log, as
 * `RefusedAttempts` bounds them. Other refusals of people who are not signed in are only logged.
 */
export function recordRefusals(attempts: RefusedAttempts) {
  return createAuthMiddleware(async (call) => {
    const { path, body, headers, context } = call;
    const { returned } = context;
    if (!(returned instanceof APIError) || typeof path !== 'string') return;
    const request = readOrigin(headers);
    if (path === '/sign-in/email' && returned.statusCode === 401) {
      const email = field(body, 'email')?.toLowerCase();
      const found = email ? await context.internalAdapter.findUserByEmail(email) : null;
      await recordSignIn(attempts, { request }, found?.user.id);
      return;
    }
    const session = actions[path] ? await getSessionFromCtx(call) : null;
    const teamId = field(body, 'organizationId') ?? field(session?.session, 'activeOrganizationId');
    if (!session || !isUuid(teamId)) return;
    const userId = toUserId(session.user.id);
    const membership = await context.adapter.findOne<{ role: string }>({
      model: 'member',
      where: [
        { field: 'userId', value: userId },
        { field: 'organizationId', value: teamId },
      ],
    });
    const refusal = { path, status: returned.statusCode, origin: { userId, request } };
    await recordInTeam(attempts, refusal, teamId, membership?.role);
  });
}

/** Of an account that there is; of those that there are not, all together. The address that was tried is not kept. */
function recordSignIn(
  attempts: RefusedAttempts,
  origin: AuditOrigin,
  userId: string | undefined,
): Promise<void> {
  return attempts.record(instanceChain, `sign-in/${userId ?? 'unknown'}`, origin, {
    action: 'sessions.create',
    target: { type: 'user', id: userId ?? null },
    code: 'UNAUTHENTICATED',
  });
}

async function recordInTeam(
  attempts: RefusedAttempts,
  { path, status, origin }: Refusal,
  teamId: string,
  role: string | undefined,
): Promise<void> {
  const who = origin.userId ?? '';
  const action = actions[path] ?? path;
  if (role === undefined) {
    const entry: RefusedEntry = { action, target: { type: 'team', id: teamId }, code: 'NOT_FOUND' };
    await attempts.record(instanceChain, who, origin, entry);
  } else if (status === 401 || status === 403) {
    const target = { type: 'route', id: `POST /api/auth${path}` };
    await attempts.record(toTeamId(teamId), who, { ...origin, role }, { action, target, code: 'FORBIDDEN' });
  }
}

function field(value: unknown, name: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const found = Object.entries(value).find(([key]) => key === name)?.[1];
  return typeof found === 'string' ? found : undefined;
}
