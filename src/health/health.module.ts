import { Module } from '@nestjs/common';
import { HealthController } from './health.controller';

/** Liveness and readiness, open to anybody. */
@Module({ controllers: [HealthController] })
export class HealthModule {}
