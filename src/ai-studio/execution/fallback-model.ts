import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  LanguageModelV4StreamResult,
} from '@ai-sdk/provider';
import { AppError } from '../../platform/errors';
import type { Attempt } from '../usage/execution.entity';
import { CallLimits } from './call-limits';
import { toCallOptions, type CandidateSettings } from './candidate-settings';
import { ConnectionLost, describeFailure, EmptyAnswer } from './failures';
import { bufferUntilContent } from './first-content';
import { relayStream } from './relay-stream';

/** One model that may answer, with what it is to be asked with. */
export interface Candidate {
  modelId: string;
  modelRef: string;
  providerId: string;
  /** Made when first asked: a candidate whose key cannot be opened gives way like any other. */
  getModel: () => Promise<LanguageModelV4>;
  system: string;
  settings: CandidateSettings;
  firstPartTimeoutMs: number;
}

/** Hears what became of each candidate. */
export interface AttemptListener {
  onAttempt(attempt: Attempt, candidate: Candidate): void;
}

/**
 * A language model that asks its candidates in order. One that fails before its first content part gives way to the
 * next, unless the request itself is to blame. Once content has flowed, a failure is the answer's own.
 * Rejects with `PROVIDER_FAILED` where no candidate answered; with the abort reason where the caller gave up.
 */
export class FallbackModel implements LanguageModelV4 {
  readonly specificationVersion = 'v4';
  readonly provider = 'ai-studio';
  readonly modelId: string;
  /** Every URL is left to the provider: what is not listed here the AI SDK would download itself, past the egress guard. */
  readonly supportedUrls = { '*/*': [/.*/] };

  constructor(
    private readonly candidates: readonly [Candidate, ...Candidate[]],
    private readonly listener: AttemptListener,
  ) {
    this.modelId = candidates[0].modelRef;
  }

  async doStream(options: LanguageModelV4CallOptions): Promise<LanguageModelV4StreamResult> {
    return this.tryInOrder(options, async (model, callOptions, candidate) => {
      const call = new CallLimits(callOptions.abortSignal, candidate.firstPartTimeoutMs);
      try {
        const result = await call.race(model.doStream({ ...callOptions, abortSignal: call.signal }));
        const stream = await call.race(bufferUntilContent(result.stream));
        return { ...result, stream: maskErrors(stream, candidate, options.abortSignal) };
      } catch (error) {
        call.giveUp();
        throw call.reasonFor(error);
      } finally {
        call.firstPartArrived();
      }
    });
  }

  async doGenerate(options: LanguageModelV4CallOptions): Promise<LanguageModelV4GenerateResult> {
    return this.tryInOrder(options, async (model, callOptions, candidate) => {
      // The whole answer is one part: it gets ten times as long as the first part of a stream.
      const call = new CallLimits(callOptions.abortSignal, candidate.firstPartTimeoutMs * 10);
      try {
        const result = await call.race(model.doGenerate({ ...callOptions, abortSignal: call.signal }));
        if (result.content.length === 0 && result.usage.outputTokens.total === undefined)
          throw new EmptyAnswer();
        return result;
      } catch (error) {
        call.giveUp();
        throw call.reasonFor(error);
      } finally {
        call.firstPartArrived();
      }
    });
  }

  private async tryInOrder<T>(
    options: LanguageModelV4CallOptions,
    ask: (model: LanguageModelV4, options: LanguageModelV4CallOptions, candidate: Candidate) => Promise<T>,
  ): Promise<T> {
    const [first] = this.candidates;
    const failed: Attempt[] = [];
    const refusals: AppError[] = [];
    for (const candidate of this.candidates) {
      const startedAt = performance.now();
      const attempt = (rest: Pick<Attempt, 'outcome' | 'status' | 'reason'>): Attempt => ({
        providerId: candidate.providerId,
        modelRef: candidate.modelRef,
        ms: Math.round(performance.now() - startedAt),
        ...rest,
      });
      try {
        const model = await candidate.getModel();
        const result = await ask(model, toCallOptions(options, first, candidate), candidate);
        this.listener.onAttempt(attempt({ outcome: 'answered' }), candidate);
        return result;
      } catch (error) {
        if (options.abortSignal?.aborted) throw error;
        const { giveWay, ...failure } = describeFailure(error);
        const failedAttempt = attempt({ outcome: 'failed', ...failure });
        failed.push(failedAttempt);
        this.listener.onAttempt(failedAttempt, candidate);
        if (error instanceof AppError) refusals.push(error);
        if (!giveWay) break;
      }
    }
    // Where all were refused on our side (a key that does not open, an address), that says what to do.
    const [refusal] = refusals;
    throw refusal && refusals.length === failed.length ? refusal : providerFailed(failed);
  }
}

/** `PROVIDER_FAILED` with one safe reason a candidate. */
function providerFailed(attempts: Attempt[]): AppError {
  const text = attempts.map(({ modelRef, reason }) => `${modelRef} ${reason ?? 'failed'}`).join('; ');
  return new AppError(
    'PROVIDER_FAILED',
    `No model could answer: ${text}. Try again, or ask an admin to check the team's keys and models.`,
    {
      details: {
        candidates: attempts.map(({ providerId, modelRef, status, reason }) => ({
          providerId,
          modelRef,
          ...(status === undefined ? {} : { status }),
          reason,
        })),
      },
    },
  );
}

/** A provider's own error text may repeat the key: what flows on is ours. A lost connection becomes an `error` part too. */
function maskErrors(
  stream: ReadableStream<LanguageModelV4StreamPart>,
  { providerId, modelRef }: Candidate,
  caller: AbortSignal | undefined,
): ReadableStream<LanguageModelV4StreamPart> {
  const masked = (error: unknown): LanguageModelV4StreamPart => {
    const { giveWay: _, ...failure } = describeFailure(error);
    return {
      type: 'error',
      error: providerFailed([{ providerId, modelRef, outcome: 'failed', ms: 0, ...failure }]),
    };
  };
  return relayStream(stream, {
    part: (part) => {
      if (part.type === 'error') return [masked(part.error)];
      if (part.type === 'finish' && part.finishReason.unified === 'interrupted')
        return [masked(new ConnectionLost()), part];
      return [part];
    },
    failed: (error) => {
      if (caller?.aborted) throw error;
      return [masked(error)];
    },
    ended: () => undefined,
  });
}
