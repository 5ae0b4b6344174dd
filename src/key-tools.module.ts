import { type DynamicModule, Module } from '@nestjs/common';
import { KeyRotationModule } from './ai-studio';
import { AuditModule } from './platform/audit';
import { ToolDatabaseModule } from './platform/database';
import { EnvModule, type KeyToolEnv } from './platform/env';
import { LoggingModule, type Logger } from './platform/logging';
import { MetricsModule } from './platform/metrics';
import { TenancyModule } from './platform/tenancy';

/** What `npm run keys:rotate` needs of the product: no doors, no consumers, no schedule. */
@Module({})
export class KeyToolsModule {
  /** @param access `read`: the database refuses every change, and no anchor is written */
  static register(env: KeyToolEnv, logger: Logger, access: 'read' | 'write'): DynamicModule {
    return {
      module: KeyToolsModule,
      imports: [
        EnvModule.register(access === 'read' ? { ...env, auditKey: undefined } : env),
        LoggingModule.register(logger),
        MetricsModule,
        ToolDatabaseModule.register(access),
        AuditModule,
        TenancyModule,
        KeyRotationModule,
      ],
    };
  }
}
