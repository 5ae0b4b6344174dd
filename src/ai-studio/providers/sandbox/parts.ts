import type {
  LanguageModelV4FinishReason,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
  SharedV4Warning,
} from '@ai-sdk/provider';
import { v7 as uuidv7 } from 'uuid';
import type { Answer, AnswerToken } from './answer';
import { connectionLost, errorPartPayload, type FailureKind, httpFailure } from './failures';
import { createPace, untilAborted } from './pace';
import type { ResolvedSettings } from './settings';

/** Everything that one call was resolved to. */
export interface Call {
  modelId: string;
  answer: Answer;
  settings: ResolvedSettings;
  warnings: SharedV4Warning[];
}

type TokenCounts = Record<AnswerToken['kind'], number>;
type Ending = LanguageModelV4FinishReason['unified'];

/**
 * The parts of a call, one a token, each made when it is asked for: `stream-start`, `response-metadata`, the
 * reasoning block, the text block, `finish`. A failure that is due meets the stream here.
 *
 * @throws the signal's reason once it aborts; a `TypeError` `terminated` for the failure `cut`.
 */
export async function* callParts(call: Call, signal: AbortSignal): AsyncGenerator<LanguageModelV4StreamPart> {
  yield { type: 'stream-start', warnings: call.warnings };
  yield {
    type: 'response-metadata',
    id: `sandbox-${uuidv7()}`,
    timestamp: new Date(),
    modelId: call.modelId,
  };
  const counts: TokenCounts = { reasoning: 0, text: 0 };
  const ending = yield* tokenParts(call, counts, signal);
  if (ending === undefined) return;
  yield { type: 'finish', finishReason: finishReason(ending, call), usage: usage(call, counts) };
}

/** Sends the tokens; returns how the answer ended, or undefined where no `finish` follows. */
async function* tokenParts(
  { answer, settings }: Call,
  counts: TokenCounts,
  signal: AbortSignal,
): AsyncGenerator<LanguageModelV4StreamPart, Ending | undefined> {
  const nextTokenDue = createPace(settings.tokensPerSecond, signal);
  const sent = () => counts.reasoning + counts.text;
  let ending: Ending = 'stop';
  let block: AnswerToken['kind'] | undefined;
  for (const token of answer.tokens) {
    if (sent() === settings.failure?.at) break;
    if (sent() >= answer.limit) {
      ending = 'length';
      break;
    }
    await nextTokenDue();
    if (block !== token.kind) {
      if (block !== undefined) yield { type: `${block}-end`, id: block };
      block = token.kind;
      yield { type: `${block}-start`, id: block };
    }
    counts[token.kind] += 1;
    yield { type: `${token.kind}-delta`, id: token.kind, delta: token.text };
  }
  const outcome =
    sent() === settings.failure?.at ? yield* failureParts(settings.failure.kind, signal) : ending;
  if (outcome !== undefined && block !== undefined) yield { type: `${block}-end`, id: block };
  return outcome;
}

/** Fails in the middle of the answer; returns how the answer ended, or undefined where no `finish` follows. */
async function* failureParts(
  kind: FailureKind,
  signal: AbortSignal,
): AsyncGenerator<LanguageModelV4StreamPart, Ending | undefined> {
  switch (kind) {
    case 'cut':
      throw connectionLost();
    case 'hang':
      return untilAborted(signal);
    case 'content-filter':
      return 'content-filter';
    case 'error-part':
      yield { type: 'error', error: errorPartPayload };
      return undefined;
    case 'rate-limit':
    case 'server-error':
    case 'overloaded':
    case 'unauthorized':
    case 'bad-request':
      yield { type: 'error', error: httpFailure(kind) };
      return 'error';
  }
}

function finishReason(unified: Ending, { answer }: Call): LanguageModelV4FinishReason {
  return { unified, raw: unified === 'stop' && answer.endsAtStopSequence ? 'stop_sequence' : unified };
}

function usage({ answer, settings }: Call, { reasoning, text }: TokenCounts): LanguageModelV4Usage {
  if (!settings.reportsUsage) {
    return {
      inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: undefined, text: undefined, reasoning: undefined },
    };
  }
  const input = answer.inputTokens;
  return {
    inputTokens: { total: input, noCache: input, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: reasoning + text, text, reasoning },
  };
}
