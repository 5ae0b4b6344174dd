import { getCurrentAdapter, queueAfterTransactionHook } from '@better-auth/core/context';
import { betterAuth, type BetterAuthOptions } from 'better-auth';
import { APIError } from 'better-auth/api';
import { getAdapter } from 'better-auth/db/adapter';
import { bearer } from 'better-auth/plugins/bearer';
import { organization } from 'better-auth/plugins/organization';
import { v7 as uuidv7 } from 'uuid';
import { toTeamId } from '@kdx/shared';
import type { AuditLog, RefusedAttempts } from '../../platform/audit';
import { listAcceptedOrigins } from '../../platform/browser';
import type { Database } from '../../platform/database';
import type { Env } from '../../platform/env';
import type { Logger } from '../../platform/logging';
import type { TeamDeletions } from '../../platform/tenancy';
import type { AccountLimits } from './account-limits';
import { refuseEndedSessions } from './ended-session';
import { limitAttempts } from './limit-attempts';
import { refuseBadNames } from './names';
import { recordRefusals } from './record-refusals';
import { auditSchema, recordWrites } from './recording-adapter';
import { admit, findFirstTeam } from './sign-up-policy';
import { addressHeader } from './trusted-headers';

/** Nest injection token of the Better Auth instance. Private to the identity room. */
export const BETTER_AUTH = Symbol('BETTER_AUTH');

const signUpRefusals = {
  refused: 'Signing up needs an invitation here. Ask an admin of your team to invite this address.',
  nobody: 'No mail reaches this address: nothing under .invalid exists. Sign up with one of your own.',
};

const times = { createdAt: 'created_at', updatedAt: 'updated_at' };

/** Accounts, sessions, teams ("organizations"), members, roles and invitations, on the product's own tables. */
export async function createBetterAuth(
  env: Env,
  database: Database,
  logger: Logger,
  deletions: TeamDeletions,
  audit: AuditLog,
  refusals: RefusedAttempts,
  limits: AccountLimits,
) {
  const options = {
    appName: 'AI Studio',
    baseURL: env.publicUrl,
    basePath: '/api/auth',
    secret: env.authSecret.reveal(),
    trustedOrigins: listAcceptedOrigins(env),
    database: database.pool,
    telemetry: { enabled: false },
    logger: {
      level: 'warn',
      // It calls what a caller did wrong an error as well; what is none of its own is thrown on, see below.
      log: (_level, message) => logger.warn({ context: 'better-auth' }, message),
    },
    rateLimit: { enabled: false }, // ours are in limit-attempts.ts
    // What is none of its own errors (the database's, say) is thrown on, so that it is answered and logged as everywhere else.
    onAPIError: { throw: true },
    emailAndPassword: { enabled: true, minPasswordLength: 8, maxPasswordLength: 128 },
    // Better Auth leaves the check of origins out where NODE_ENV is test; here it is the same everywhere.
    advanced: {
      database: { generateId: () => uuidv7() },
      disableOriginCheck: false,
      ipAddress: { ipAddressHeaders: [addressHeader], ipv6Subnet: 128 },
    },
    user: {
      modelName: 'auth_user',
      fields: { emailVerified: 'email_verified', ...times },
      additionalFields: {
        platformRole: {
          type: 'string',
          fieldName: 'platform_role',
          input: false,
          defaultValue: 'user',
          required: false,
        },
        /** API keys have rows, too: see the migration. */
        kind: { type: 'string', input: false, required: false, returned: false },
        isFirst: { type: 'boolean', fieldName: 'is_first', input: false, required: false, returned: false },
      },
    },
    session: {
      modelName: 'auth_session',
      fields: {
        userId: 'user_id',
        expiresAt: 'expires_at',
        ipAddress: 'ip_address',
        userAgent: 'user_agent',
        ...times,
      },
    },
    account: {
      modelName: 'auth_account',
      fields: {
        userId: 'user_id',
        accountId: 'account_id',
        providerId: 'provider_id',
        accessToken: 'access_token',
        refreshToken: 'refresh_token',
        idToken: 'id_token',
        accessTokenExpiresAt: 'access_token_expires_at',
        refreshTokenExpiresAt: 'refresh_token_expires_at',
        ...times,
      },
    },
    verification: { modelName: 'auth_verification', fields: { expiresAt: 'expires_at', ...times } },
    hooks: { before: refuseBadNames, after: recordRefusals(refusals) },
    databaseHooks: {
      user: {
        create: {
          before: async (user, context) => {
            if (!context) throw new Error('Accounts are made by requests only.');
            const admission = await admit(
              await getCurrentAdapter(context.context.adapter),
              env.authSignUp,
              user.email,
            );
            if (admission === 'refused' || admission === 'nobody')
              throw new APIError('FORBIDDEN', {
                code: 'SIGN_UP_REFUSED',
                message: signUpRefusals[admission],
              });
            return {
              data: {
                ...user,
                ...(admission === 'first' ? { platformRole: 'platformAdmin', isFirst: true } : {}),
              },
            };
          },
        },
      },
      session: {
        create: {
          // A person with a team starts in it; otherwise every first call would have to name one.
          before: async (session, context) => {
            if (!context) return undefined;
            const adapter = await getCurrentAdapter(context.context.adapter);
            return {
              data: { ...session, activeOrganizationId: await findFirstTeam(adapter, session.userId) },
            };
          },
        },
      },
    },
    plugins: [
      { id: 'audit', schema: auditSchema },
      { id: 'limits', hooks: limitAttempts(limits) },
      // Without a signature it would take the token as auth_session holds it: whoever reads the database could be anybody.
      bearer({ requireSignature: true }),
      organization({
        creatorRole: 'owner',
        organizationLimit: 50,
        // The server sends no mail, so nobody can prove an address: the invitation's id, handed on by the inviter, is the proof.
        requireEmailVerificationOnInvitation: false,
        // The team's rows are gone, its data keys with them; what is in memory goes too. Other processes hear of the deletion itself.
        organizationHooks: {
          afterDeleteOrganization: ({ organization: { id } }) =>
            queueAfterTransactionHook(async () => deletions.tell(toTeamId(id))),
        },
        schema: {
          session: { fields: { activeOrganizationId: 'active_team_id' } },
          organization: { modelName: 'team', fields: { createdAt: 'created_at' } },
          member: {
            modelName: 'team_member',
            fields: { organizationId: 'team_id', userId: 'user_id', createdAt: 'created_at' },
          },
          invitation: {
            modelName: 'team_invitation',
            fields: {
              organizationId: 'team_id',
              inviterId: 'inviter_id',
              expiresAt: 'expires_at',
              createdAt: 'created_at',
            },
          },
        },
      }),
    ],
  } satisfies BetterAuthOptions;
  const adapter = refuseEndedSessions(recordWrites(await getAdapter(options), audit));
  return betterAuth({ ...options, database: () => adapter });
}

export type BetterAuth = Awaited<ReturnType<typeof createBetterAuth>>;
