import { Controller, Get, Headers, Inject, NotFoundException, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { RequirePermission } from '../identity';
import { ENV, type Env } from '../platform/env';
import { AppError } from '../platform/errors';
import { MayAnswer } from '../platform/http';
import { Metrics } from '../platform/metrics';

/** For the operator's Prometheus, which is no user: it has a token of its own, and without one there is no such route. */
@ApiTags('Health')
@Controller('metrics')
export class MetricsController {
  constructor(
    @Inject(ENV) private readonly env: Env,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  @Get()
  @RequirePermission('metrics.read')
  @MayAnswer('UNAUTHENTICATED', 'NOT_FOUND')
  @ApiOperation({
    summary: 'What this process counts, for Prometheus',
    description: 'With METRICS_TOKEN as the bearer token. Not there where METRICS_TOKEN is not set.',
  })
  @ApiProduces('text/plain')
  @ApiOkResponse({ type: String })
  async read(
    @Headers('authorization') authorization = '',
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const { metricsToken } = this.env;
    if (!metricsToken) throw new NotFoundException();
    const [, token] = /^Bearer (\S+)$/i.exec(authorization) ?? [];
    if (token === undefined || !metricsToken.equals(token))
      throw new AppError('UNAUTHENTICATED', 'Send METRICS_TOKEN of this server as the bearer token.');
    void reply
      .header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
      .header('cache-control', 'no-store');
    return this.metrics.toText();
  }
}
