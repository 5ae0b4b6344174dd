import type {
  LanguageModelV4CallOptions,
  LanguageModelV4Content,
  LanguageModelV4Middleware,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
} from '@ai-sdk/provider';
import { toDisjoint } from '../prices/cost';
import { estimateTokens } from '../prompts/token-count';
import type { ExecutionOutcome, UsageSource } from '../usage/execution.entity';
import { isInterrupted } from './execution-interrupted';
import { relayStream } from './relay-stream';

/** Tokens of one call. `input` and `output` are totals; the finer classes are parts of them. Absent means unknown. */
export interface MeasuredUsage {
  inputTokens?: number | undefined;
  cachedInputTokens?: number | undefined;
  cacheWriteTokens?: number | undefined;
  outputTokens?: number | undefined;
  reasoningTokens?: number | undefined;
  source: UsageSource;
}

/** Keeps the record of an execution. `begin` is committed before the provider is called, `end` runs once for each call. */
export interface ExecutionRecorder {
  /** Of each call: what it is called with. */
  begin(call: LanguageModelV4CallOptions): Promise<void>;
  onFirstPart(): void;
  /** What was used so far, now and then: all that is known of a call whose process dies. */
  keep(usage: MeasuredUsage): void;
  end(outcome: Exclude<ExecutionOutcome, 'running'>, usage: MeasuredUsage): Promise<void>;
}

/**
 * A count of one call above this was not counted: it is a hundred times the largest context window that a vendor offers
 * (ten million tokens), and millions of calls add up to less than 2^53, which the columns are read back as.
 */
const maxCount = 2 ** 30;

/** When what was used is kept while an answer is running: first, and from then on. */
const keepFirstAfterMs = 300;
const keepEveryMs = 2_000;

/** The AI SDK does not say when its reader breaks off: a stream that is not read for so long has been left. */
const abandonedAfterMs = 90_000;

/**
 * Writes the record of what runs, from the model's own parts: so it survives an abort, a cut and an executor that
 * looks away. AI SDK language-model middleware.
 */
export function metering(recorder: ExecutionRecorder): LanguageModelV4Middleware {
  return {
    specificationVersion: 'v4',
    async wrapStream({ doStream, params }) {
      await recorder.begin(params);
      const meter = new Meter(params);
      let keptAt: number | undefined;
      try {
        const result = await doStream();
        const stream = relayStream<LanguageModelV4StreamPart>(result.stream, {
          part: (part) => {
            const now = performance.now();
            if (meter.see(part)) {
              recorder.onFirstPart();
              keptAt = now - keepEveryMs + keepFirstAfterMs;
            } else if (keptAt !== undefined && now - keptAt >= keepEveryMs) {
              keptAt = now;
              recorder.keep(meter.usage());
            }
            return [part];
          },
          failed: (error) => {
            throw error;
          },
          ended: (how) => recorder.end(meter.outcome(how), meter.usage()),
          idleMs: abandonedAfterMs,
        });
        return { ...result, stream };
      } catch (error) {
        await recorder.end(outcomeOf(params.abortSignal), { source: 'unknown' });
        throw error;
      }
    },
    async wrapGenerate({ doGenerate, params }) {
      await recorder.begin(params);
      const meter = new Meter(params);
      try {
        const result = await doGenerate();
        recorder.onFirstPart();
        meter.seeResult(result.content, result.usage);
        await recorder.end('completed', meter.usage());
        return result;
      } catch (error) {
        await recorder.end(outcomeOf(params.abortSignal), { source: 'unknown' });
        throw error;
      }
    },
  };
}

/** Of a call that gave nothing. */
function outcomeOf(signal: AbortSignal | undefined): Exclude<ExecutionOutcome, 'running'> {
  if (isInterrupted(signal)) return 'interrupted';
  return signal?.aborted ? 'stopped' : 'failed';
}

/** Watches one call. */
class Meter {
  private characters = 0;
  private failed = false;
  private finished = false;
  private reported: LanguageModelV4Usage | undefined;
  private sent: number | undefined;

  constructor(private readonly call: LanguageModelV4CallOptions) {}

  /** True for the first part with content. */
  see(part: LanguageModelV4StreamPart): boolean {
    if (part.type === 'error') this.failed = true;
    if (part.type === 'finish') {
      this.finished = true;
      this.reported = part.usage;
    }
    if (part.type !== 'text-delta' && part.type !== 'reasoning-delta' && part.type !== 'tool-input-delta')
      return false;
    const isFirst = this.characters === 0;
    this.characters += part.delta.length;
    return isFirst && this.characters > 0;
  }

  seeResult(content: LanguageModelV4Content[], usage: LanguageModelV4Usage): void {
    this.finished = true;
    this.reported = usage;
    for (const part of content)
      if (part.type === 'text' || part.type === 'reasoning') this.characters += part.text.length;
  }

  outcome(how: 'closed' | 'failed' | 'cancelled'): Exclude<ExecutionOutcome, 'running'> {
    if (isInterrupted(this.call.abortSignal)) return 'interrupted';
    if (this.call.abortSignal?.aborted || (how === 'cancelled' && !this.finished)) return 'stopped';
    return how === 'failed' || this.failed || !this.finished ? 'failed' : 'completed';
  }

  /** What the provider reported; else an estimate from what was sent and received; nothing received: unknown. */
  usage(): MeasuredUsage {
    const inputTokens = toCount(this.reported?.inputTokens.total);
    const outputTokens = toCount(this.reported?.outputTokens.total);
    if (inputTokens !== undefined && outputTokens !== undefined)
      return { inputTokens, outputTokens, ...this.parts(inputTokens, outputTokens), source: 'provider' };
    if (this.characters === 0) return { source: 'unknown' };
    return {
      inputTokens: inputTokens ?? (this.sent ??= estimateTokens(textOf(this.call))),
      outputTokens: outputTokens ?? Math.ceil(this.characters / 4),
      source: 'estimated',
    };
  }

  /** The finer classes, never more than their totals: cut as they are where they are charged for. Unknown stays unknown. */
  private parts(inputTokens: number, outputTokens: number): Partial<MeasuredUsage> {
    const cachedInputTokens = toCount(this.reported?.inputTokens.cacheRead);
    const cacheWriteTokens = toCount(this.reported?.inputTokens.cacheWrite);
    const reasoningTokens = toCount(this.reported?.outputTokens.reasoning);
    const cut = toDisjoint({
      inputTokens,
      cachedInputTokens,
      cacheWriteTokens,
      outputTokens,
      reasoningTokens,
    });
    return {
      cachedInputTokens: cachedInputTokens && cut?.cachedInput,
      cacheWriteTokens: cacheWriteTokens && cut?.cacheWrite,
      reasoningTokens: reasoningTokens && cut?.reasoning,
    };
  }
}

/** A provider's count, where it can be one: a whole number that somebody could have used. */
function toCount(reported: number | undefined): number | undefined {
  return reported !== undefined && Number.isSafeInteger(reported) && reported >= 0 && reported <= maxCount
    ? reported
    : undefined;
}

/** The text of a prompt; files and images are not counted. */
function textOf({ prompt }: LanguageModelV4CallOptions): string {
  return prompt
    .map(({ content }) =>
      typeof content === 'string'
        ? content
        : content.map((part) => ('text' in part ? part.text : '')).join(''),
    )
    .join('');
}
