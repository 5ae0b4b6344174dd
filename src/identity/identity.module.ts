import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuditLog, RefusedAttempts } from '../platform/audit';
import { Database } from '../platform/database';
import { ENV } from '../platform/env';
import { LOGGER } from '../platform/logging';
import { TeamDeletions } from '../platform/tenancy';
import { BETTER_AUTH, createBetterAuth } from './better-auth/better-auth';
import { BetterAuthController } from './better-auth/better-auth.controller';
import { CallerService } from './callers/caller.service';
import { MembershipRepository } from './callers/membership.repository';
import { Directory } from './directory/directory';
import { DirectoryRepository } from './directory/directory.repository';
import { PermissionGuard } from './permissions/permission.guard';
import { RefusalRecorder } from './permissions/refusal-recorder';
import { TrpcPermissionMiddleware } from './permissions/trpc-permission.middleware';

/** Who is calling and for which team. */
@Global()
@Module({
  controllers: [BetterAuthController],
  providers: [
    {
      provide: BETTER_AUTH,
      useFactory: createBetterAuth,
      inject: [ENV, Database, LOGGER, TeamDeletions, AuditLog, RefusedAttempts],
    },
    MembershipRepository,
    CallerService,
    DirectoryRepository,
    Directory,
    RefusalRecorder,
    TrpcPermissionMiddleware,
    { provide: APP_GUARD, useClass: PermissionGuard },
  ],
  exports: [TrpcPermissionMiddleware, Directory],
})
export class IdentityModule {}
