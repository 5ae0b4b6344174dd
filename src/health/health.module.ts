import { Module } from '@nestjs/common';
import { HealthController } from './health.controller';
import { MetricsController } from './metrics.controller';

/** For the operator: liveness and readiness, open to anybody, and metrics for who has their token. */
@Module({ controllers: [HealthController, MetricsController] })
export class HealthModule {}
