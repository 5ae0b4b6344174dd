import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';
import { countPromptTokens, echoText } from './echo';
import type { ResolvedSettings } from './settings';
import { tokenize } from './tokens';

/** The model's own ceiling on an answer, in tokens: `repeat` must not let one request fill the memory. */
const outputCeiling = 1_000_000;

/** One token that the model will send, and the kind of part that carries it. */
export interface AnswerToken {
  kind: 'reasoning' | 'text';
  text: string;
}

/** What the model will say to one call, before speed and failures. */
export interface Answer {
  /** Reasoning first, then text; made as they are read. */
  tokens: Iterable<AnswerToken>;
  /** Whether the text ends where a stop sequence would begin. */
  endsAtStopSequence: boolean;
  /** How many of the tokens may be sent. */
  limit: number;
  /** Tokens of the prompt. */
  inputTokens: number;
}

/** Decides the answer. Stop sequences bind the text, not the reasoning; `maxOutputTokens` binds both together. */
export function composeAnswer(options: LanguageModelV4CallOptions, settings: ResolvedSettings): Answer {
  const text = settings.answer ?? echoText(options);
  const beforeStop = cutAtStop(text, settings.repeat, options.stopSequences ?? []);
  return {
    tokens:
      beforeStop === undefined
        ? answerTokens(settings.reasoning, text, settings.repeat)
        : answerTokens(settings.reasoning, beforeStop, 1),
    endsAtStopSequence: beforeStop !== undefined,
    limit: Math.min(options.maxOutputTokens ?? outputCeiling, outputCeiling),
    inputTokens: countPromptTokens(options.prompt),
  };
}

function* answerTokens(reasoning: string, text: string, repeat: number): Generator<AnswerToken> {
  for (const token of tokenize(reasoning)) yield { kind: 'reasoning', text: token };
  const copy = repeat > 1 ? tokenize(`${text}\n`) : [];
  for (let n = 1; n < repeat; n += 1) for (const token of copy) yield { kind: 'text', text: token };
  for (const token of tokenize(text)) yield { kind: 'text', text: token };
}

/**
 * The repeated text up to the first stop sequence; undefined where none occurs. Since the repeated text is
 * periodic, a sequence that occurs at all begins within the first copy: only so many copies are looked at
 * as the longest sequence can span.
 */
function cutAtStop(text: string, repeat: number, stopSequences: string[]): string | undefined {
  const sequences = stopSequences.filter((sequence) => sequence !== '');
  if (sequences.length === 0) return undefined;
  const longest = Math.max(...sequences.map((sequence) => sequence.length));
  const copies = Math.min(repeat, 1 + Math.ceil(longest / (text.length + 1)));
  const searched = Array.from({ length: copies }, () => text).join('\n');
  const hits = sequences.map((sequence) => searched.indexOf(sequence)).filter((index) => index >= 0);
  return hits.length > 0 ? searched.slice(0, Math.min(...hits)) : undefined;
}
