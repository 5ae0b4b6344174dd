import { Inject, Injectable } from '@nestjs/common';
import { isUuid } from '@kdx/shared';
import { Metrics, type Count, type Time } from '../../platform/metrics';
import type { ExecutionOutcome } from '../usage/execution.entity';
import type { MeasuredUsage } from './metering';

/** What operators see of all teams' calls of models. The endpoints that teams brought are one provider here, `team`. */
@Injectable()
export class ExecutionMetrics {
  private readonly calls: Count<'provider' | 'outcome'>;
  private readonly tokens: Count<'provider' | 'direction'>;
  private readonly attempts: Count<'provider' | 'outcome'>;
  private readonly firstPart: Time<'provider'>;

  constructor(@Inject(Metrics) metrics: Metrics) {
    this.calls = metrics.counter(
      'ai_studio_executions_total',
      'Executions that ended, each call of the model of one that has several; by the provider that answered, or that was asked last.',
      ['provider', 'outcome'],
    );
    this.tokens = metrics.counter(
      'ai_studio_tokens_total',
      'Tokens sent (input) and received (output), as providers reported them; estimated where they did not.',
      ['provider', 'direction'],
    );
    this.attempts = metrics.counter(
      'ai_studio_provider_attempts_total',
      'Providers that were asked, and whether they answered or failed before their first content.',
      ['provider', 'outcome'],
    );
    this.firstPart = metrics.timer(
      'ai_studio_execution_first_part_seconds',
      'From the call of a model to the first part of its answer, candidates that failed before included.',
      ['provider'],
    );
  }

  ended(providerId: string, outcome: ExecutionOutcome, { inputTokens, outputTokens }: MeasuredUsage): void {
    const provider = labelOf(providerId);
    this.calls({ provider, outcome });
    this.tokens({ provider, direction: 'input' }, inputTokens ?? 0);
    this.tokens({ provider, direction: 'output' }, outputTokens ?? 0);
  }

  attempted(providerId: string, outcome: 'answered' | 'failed'): void {
    this.attempts({ provider: labelOf(providerId), outcome });
  }

  firstPartAfter(providerId: string, milliseconds: number): void {
    this.firstPart({ provider: labelOf(providerId) }, milliseconds / 1000);
  }
}

/** Global providers have the operator's short names, those of teams UUIDs. */
function labelOf(providerId: string): string {
  return isUuid(providerId) ? 'team' : providerId;
}
