import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuditLog, RefusedAttempts } from '../platform/audit';
import { Database } from '../platform/database';
import { ENV } from '../platform/env';
import { LOGGER } from '../platform/logging';
import { TeamDeletions } from '../platform/tenancy';
import { ApiKeyCallers } from './api-keys/api-key-callers';
import { ApiKeyController } from './api-keys/api-key.controller';
import { ApiKeyRepository } from './api-keys/api-key.repository';
import { ApiKeyRouter } from './api-keys/api-key.router';
import { ApiKeyService } from './api-keys/api-key.service';
import { IdentifiedKeyRepository } from './api-keys/identified-key.repository';
import { LastUses } from './api-keys/last-uses';
import { Askers } from './better-auth/asker';
import { BETTER_AUTH, createBetterAuth } from './better-auth/better-auth';
import { AccountLimits } from './better-auth/account-limits';
import { BetterAuthController } from './better-auth/better-auth.controller';
import { OtherTeams } from './better-auth/other-teams';
import { OwnershipRepository } from './better-auth/ownership.repository';
import { BadCredentials } from './callers/bad-credentials';
import { CallerService } from './callers/caller.service';
import { MembershipRepository } from './callers/membership.repository';
import { Directory } from './directory/directory';
import { DirectoryRepository } from './directory/directory.repository';
import { CallLimits } from './permissions/call-limits';
import { PermissionGuard } from './permissions/permission.guard';
import { RefusalRecorder } from './permissions/refusal-recorder';
import { RouteAdmission } from './permissions/route-admission';
import { TrpcPermissionMiddleware } from './permissions/trpc-permission.middleware';

/** Who is calling and for which team. */
@Global()
@Module({
  controllers: [BetterAuthController, ApiKeyController],
  providers: [
    {
      provide: BETTER_AUTH,
      useFactory: createBetterAuth,
      inject: [ENV, Database, LOGGER, TeamDeletions, AuditLog, RefusedAttempts, AccountLimits],
    },
    ApiKeyRepository,
    IdentifiedKeyRepository,
    LastUses,
    ApiKeyCallers,
    ApiKeyService,
    ApiKeyRouter,
    AccountLimits,
    OwnershipRepository,
    Askers,
    OtherTeams,
    MembershipRepository,
    BadCredentials,
    CallerService,
    DirectoryRepository,
    Directory,
    RefusalRecorder,
    CallLimits,
    RouteAdmission,
    TrpcPermissionMiddleware,
    { provide: APP_GUARD, useClass: PermissionGuard },
  ],
  exports: [TrpcPermissionMiddleware, Directory],
})
export class IdentityModule {}
