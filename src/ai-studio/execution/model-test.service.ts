import { Inject, Injectable } from '@nestjs/common';
import { generateText } from 'ai';
import type { Scope } from '@kdx/shared';
import { AppError } from '../../platform/errors';
import type { ModelTestView } from '../models/team-model.dto';
import { ExecutionService } from './execution.service';

const testTimeoutMs = 60_000;

/** Tries one model for an admin, on the path that a consumer's call takes. */
@Injectable()
export class ModelTestService {
  constructor(@Inject(ExecutionService) private readonly executions: ExecutionService) {}

  /** What the provider does wrong is the answer; what the team has to configure is an error. */
  async test(scope: Scope, modelId: string, prompt = 'Say hello.'): Promise<ModelTestView> {
    const { model, system, settings } = await this.executions.prepare(scope, { modelId, fallback: false });
    const startedAt = performance.now();
    const latencyMs = () => Math.round(performance.now() - startedAt);
    try {
      const { text } = await generateText({
        model,
        instructions: system,
        ...settings,
        prompt,
        maxRetries: 0,
        abortSignal: AbortSignal.timeout(testTimeoutMs),
      });
      return { ok: true, latencyMs: latencyMs(), text: text.slice(0, 10_000) };
    } catch (error) {
      if (error instanceof AppError && error.code === 'PROVIDER_FAILED')
        return { ok: false, latencyMs: latencyMs(), error: error.message };
      if (error instanceof Error && error.name === 'TimeoutError') {
        return { ok: false, latencyMs: latencyMs(), error: `No answer within ${testTimeoutMs} ms.` };
      }
      throw error;
    }
  }
}
