import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  LanguageModelV4StreamResult,
} from '@ai-sdk/provider';
import { AppError } from '../../platform/errors';
import { addressSwitch, keySwitch } from '../providers/switches';
import type { Attempt } from '../usage/execution.entity';
import { AnswerRules } from './answer-rules';
import type { InputKind } from './input-kinds';
import { CallLimits } from './call-limits';
import type { CandidatePrompt } from './candidate-prompt';
import { toCallOptions, type CandidateSettings } from './candidate-settings';
import { ConnectionLost, describeFailure, EmptyAnswer, type Failure } from './failures';
import { bufferUntilContent } from './first-content';
import { relayStream } from './relay-stream';
import { shortenPrompt, type SentShare } from './shorten-prompt';

/** One model that may answer, with what it is to be asked with. */
export interface Candidate {
  modelId: string;
  modelRef: string;
  providerId: string;
  /** Made when first asked: a candidate whose key cannot be opened gives way like any other. */
  getModel: () => Promise<LanguageModelV4>;
  prompt: CandidatePrompt;
  settings: CandidateSettings;
  firstPartTimeoutMs: number;
  /** The key that it is sent; some providers take calls without. */
  tokenId: string | undefined;
  /** What it does not take: earlier messages are told without. */
  refusedInputs: readonly InputKind[];
}

/** How much of a call's messages a candidate is sent. Throws an `AppError` to let it give way to the next. */
export type FitToCandidate = (candidate: Candidate) => Promise<SentShare>;

/** Hears what became of each candidate. */
export interface AttemptListener {
  onAttempt(attempt: Attempt, candidate: Candidate): void;
}

/**
 * A language model that asks its candidates in order. One that fails before its first content part gives way to the
 * next, unless the request itself is to blame. Once content has flowed, a failure is the answer's own.
 * Rejects with `PROVIDER_FAILED` where no candidate answered, with `TOKEN_UNREADABLE` where no key could be opened, and
 * with the abort reason where the caller gave up.
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
    /** All of them where absent. */
    private readonly fit?: FitToCandidate,
  ) {
    this.modelId = candidates[0].modelRef;
  }

  async doStream(options: LanguageModelV4CallOptions): Promise<LanguageModelV4StreamResult> {
    return this.tryInOrder(options, async (model, callOptions, candidate) => {
      const call = new CallLimits(callOptions.abortSignal, candidate.firstPartTimeoutMs);
      try {
        const result = await call.race(model.doStream({ ...callOptions, abortSignal: call.signal }));
        const stream = await call.race(bufferUntilContent(result.stream, new AnswerRules(callOptions)));
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
        new AnswerRules(callOptions).checkWhole(result.content);
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
    const failed: FailedAttempt[] = [];
    const ours: AppError[] = [];
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
        const share = await this.fit?.(candidate);
        const prompt = share ? shortenPrompt(options.prompt, share) : options.prompt;
        const result = await ask(model, toCallOptions({ ...options, prompt }, first, candidate), candidate);
        this.listener.onAttempt(attempt({ outcome: 'answered' }), candidate);
        return result;
      } catch (error) {
        if (options.abortSignal?.aborted) throw error;
        const { giveWay, cause, ...failure } = describeFailure(error);
        const { set, ...why } = toSwitch(failure, candidate);
        const failedAttempt = attempt({ outcome: 'failed', ...why });
        failed.push({ attempt: failedAttempt, cause, set });
        this.listener.onAttempt(failedAttempt, candidate);
        if (error instanceof AppError && error.fault === 'ours') ours.push(error);
        if (!giveWay) break;
      }
    }
    // Where this server is to blame each time (no key opens, it is stopping), its own error says what to do: those codes
    // are 503. An address that may not be reached is the provider's failure here, be it the only candidate or one of
    // many: EGRESS_REFUSED is for whoever saves an address, and its 400 would blame the reader's message.
    const [ourFault] = ours;
    throw ourFault && ours.length === failed.length ? ourFault : providerFailed(failed);
  }
}

interface FailedAttempt extends Pick<Failure, 'cause'> {
  attempt: Pick<Attempt, 'providerId' | 'modelRef' | 'status' | 'reason'>;
  /** What may change it: an endpoint, or a variable of the environment. */
  set: string | undefined;
}

/** Why a candidate failed, and the switch that may change it. */
function toSwitch(
  { remedy, ...why }: Pick<Failure, 'status' | 'reason' | 'remedy'>,
  { providerId, tokenId }: Candidate,
): Pick<Failure, 'status' | 'reason'> & { set: string | undefined } {
  if (remedy === 'address') return { ...why, set: addressSwitch(providerId) };
  if (remedy !== 'key') return { ...why, set: remedy?.set };
  const reason = tokenId ? why.reason : `wants a key, and the team has stored none (${why.status})`;
  return { ...why, reason, set: keySwitch(providerId) };
}

/** `PROVIDER_FAILED` with one safe reason a candidate, and the first switch that may change one. */
function providerFailed(failed: FailedAttempt[]): AppError {
  const causes = failed.flatMap(({ cause }) => cause ?? []);
  const text = failed
    .map(
      ({ attempt: { modelRef, reason = 'failed' }, set }) => `${modelRef} ${reason}${set ? ` [${set}]` : ''}`,
    )
    .join('; ');
  const set = failed.find((one) => one.set !== undefined)?.set;
  const advice = set
    ? 'What stands in brackets may have to be set right; a model of another provider may answer meanwhile.'
    : 'Try again, or ask an admin to check addresses, keys and models.';
  return new AppError('PROVIDER_FAILED', `No model could answer: ${text}. ${advice}`, {
    cause: causes.length > 1 ? new AggregateError(causes, 'Several candidates failed.') : causes[0],
    details: {
      ...(set === undefined ? {} : { set }),
      candidates: failed.map(({ attempt: { providerId, modelRef, status, reason }, set: own }) => ({
        providerId,
        modelRef,
        ...(status === undefined ? {} : { status }),
        reason,
        ...(own === undefined ? {} : { set: own }),
      })),
    },
  });
}

/** A provider's own error text may repeat the key: what flows on is ours. A lost connection becomes an `error` part too. */
function maskErrors(
  stream: ReadableStream<LanguageModelV4StreamPart>,
  candidate: Candidate,
  caller: AbortSignal | undefined,
): ReadableStream<LanguageModelV4StreamPart> {
  const masked = (error: unknown): LanguageModelV4StreamPart => {
    const { giveWay: _, cause, ...failure } = describeFailure(error);
    const { set, ...why } = toSwitch(failure, candidate);
    const attempt = { providerId: candidate.providerId, modelRef: candidate.modelRef, ...why };
    return { type: 'error', error: providerFailed([{ attempt, cause, set }]) };
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
