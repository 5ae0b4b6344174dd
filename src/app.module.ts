import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { TRPCModule } from 'nestjs-trpc';
import { AiStudioModule } from './ai-studio';
import { AppConfigModule } from './app-config';
import { ChatModule } from './chat';
import { HealthModule } from './health';
import { IdentityModule, TrpcPermissionMiddleware } from './identity';
import { AuditModule } from './platform/audit';
import { DatabaseModule } from './platform/database';
import type { EmbeddedDatabase } from './platform/embedded-database';
import { EgressModule } from './platform/egress';
import { EnvModule, type Env } from './platform/env';
import { formatTrpcError, RestErrorFilter } from './platform/errors';
import { DtoPipe } from './platform/http';
import { LifecycleModule } from './platform/lifecycle';
import { LimitsModule } from './platform/limits';
import { LoggingModule, NestLogger, type Logger } from './platform/logging';
import { MetricsModule } from './platform/metrics';
import { TenancyModule } from './platform/tenancy';
import { BatchLimitMiddleware, TrpcContext, TrpcErrorHandler } from './platform/trpc';

/** What an application may be built with, beyond its environment. */
export interface AppParts {
  /** Rooms beyond the house's own. */
  consumers?: Type[];
  /** The embedded database, where it is being opened already. Closing the application closes it. */
  embeddedDatabase?: Promise<EmbeddedDatabase>;
}

/** Every room, in the order in which data flows. */
@Module({})
export class AppModule {
  static register(
    env: Env,
    logger: Logger,
    { consumers = [], embeddedDatabase }: AppParts = {},
  ): DynamicModule {
    return {
      module: AppModule,
      imports: [
        EnvModule.register(env),
        LoggingModule.register(logger),
        LifecycleModule,
        LimitsModule,
        MetricsModule,
        DatabaseModule.register(embeddedDatabase),
        AuditModule,
        TenancyModule,
        EgressModule,
        IdentityModule,
        AppConfigModule,
        AiStudioModule,
        ChatModule,
        ...consumers,
        HealthModule,
        TRPCModule.forRoot({
          basePath: '/trpc',
          context: TrpcContext,
          onError: TrpcErrorHandler,
          errorFormatter: formatTrpcError,
          globalMiddlewares: [BatchLimitMiddleware, TrpcPermissionMiddleware],
          logger: new NestLogger(logger),
          sse: {
            ping: { enabled: true, intervalMs: 10_000 },
            client: { reconnectAfterInactivityMs: 60_000 },
          },
        }),
      ],
      providers: [
        BatchLimitMiddleware,
        TrpcContext,
        TrpcErrorHandler,
        { provide: APP_FILTER, useClass: RestErrorFilter },
        { provide: APP_PIPE, useClass: DtoPipe },
      ],
    };
  }
}
