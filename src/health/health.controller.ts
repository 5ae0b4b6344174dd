import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequirePermission } from '../identity';
import { Database } from '../platform/database';
import { AppError } from '../platform/errors';
import { EnumField, MayAnswer } from '../platform/http';
import { Lifecycle } from '../platform/lifecycle';

/** That this process answers, and on which kind of database. No version, path or address: anybody may ask. */
export class HealthView {
  @EnumField(['ok']) status!: 'ok';
}

@ApiTags('Health')
@Controller('health')
export class HealthController {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Lifecycle) private readonly lifecycle: Lifecycle,
  ) {}

  @Get('live')
  @RequirePermission('health.read')
  @ApiOperation({ summary: 'Whether the process answers' })
  @ApiOkResponse({ type: HealthView })
  live(): HealthView {
    return { status: 'ok' };
  }

  @Get('ready')
  @RequirePermission('health.read')
  @MayAnswer('SHUTTING_DOWN')
  @ApiOperation({ summary: 'Whether it takes work: not stopping, and the database answers' })
  @ApiOkResponse({ type: HealthView })
  async ready(): Promise<HealthView> {
    this.lifecycle.assertTakesWork();
    try {
      await this.database.pool.query('select 1');
    } catch (error) {
      throw new AppError('SHUTTING_DOWN', 'The database does not answer.', {
        cause: error,
        retryAfterSeconds: 1,
      });
    }
    return { status: 'ok' };
  }
}
