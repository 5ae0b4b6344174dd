import type { LanguageModelV4CallOptions, SharedV4ProviderOptions } from '@ai-sdk/provider';
import type { ModelSettings } from '../models/team-model.entities';
import type { SnapshotModel } from '../models/team-snapshot';
import { withoutRefusedInputs, type InputKind } from './input-kinds';
import { toCandidateMessages, type CandidatePrompt } from './candidate-prompt';

/** Call settings in the AI SDK's names: what an executor spreads into `streamText`. */
export interface CandidateSettings {
  temperature?: number;
  topP?: number;
  topK?: number;
  presencePenalty?: number;
  frequencyPenalty?: number;
  seed?: number;
  /** Always sent: without it no bound on the cost of an answer holds. */
  maxOutputTokens: number;
  providerOptions?: SharedV4ProviderOptions;
}

const defaultMaxOutputTokens = 8_192;
const defaultFirstPartTimeoutMs = 60_000;

/**
 * What the agent sets comes before what the team set for the model; of provider options, provider by provider. Where
 * nobody set how long an answer may be, half of what the prompt leaves of the model's window is kept for it at most.
 */
export function settingsOf(
  { settings: ofModel, maxOutputTokens: most, contextWindow }: SnapshotModel,
  promptTokens: number,
  ofAgent: ModelSettings = {},
): CandidateSettings {
  const { firstPartTimeoutMs: _, maxOutputTokens, providerOptions, ...rest } = { ...ofModel, ...ofAgent };
  const left = contextWindow === null ? Infinity : Math.max(contextWindow - promptTokens, 2);
  const wanted = Math.min(
    maxOutputTokens ?? Math.min(defaultMaxOutputTokens, Math.floor(left / 2)),
    left - 1,
  );
  return {
    ...rest,
    maxOutputTokens: most === null ? wanted : Math.min(wanted, most),
    ...(providerOptions ? { providerOptions: { ...ofModel.providerOptions, ...providerOptions } } : {}),
  };
}

export function firstPartTimeoutOf({ settings }: SnapshotModel, ofAgent: ModelSettings = {}): number {
  return ofAgent.firstPartTimeoutMs ?? settings.firstPartTimeoutMs ?? defaultFirstPartTimeoutMs;
}

interface Prepared {
  prompt: CandidatePrompt;
  settings: CandidateSettings;
  /** What it does not take: earlier messages are told without. */
  refusedInputs?: readonly InputKind[];
}

/**
 * What to call a candidate with. The executor was given the system prompt and settings of the first candidate; where
 * it passed them on as they were, each candidate gets its own instead. What the executor chose itself stays, but never
 * more output than the candidate may give.
 */
export function toCallOptions(
  options: LanguageModelV4CallOptions,
  given: Prepared,
  own: Prepared,
): LanguageModelV4CallOptions {
  const {
    temperature,
    topP,
    topK,
    presencePenalty,
    frequencyPenalty,
    seed,
    maxOutputTokens,
    providerOptions,
  } = options;
  const chosen = { temperature, topP, topK, presencePenalty, frequencyPenalty, seed };
  const ownSettings = Object.fromEntries(
    Object.entries(chosen).map(([name, value]) => {
      const key = name as keyof typeof chosen; // the entries of `chosen`
      return [name, value === undefined || value === given.settings[key] ? own.settings[key] : value];
    }),
  );
  const isGivenLimit = maxOutputTokens === undefined || maxOutputTokens === given.settings.maxOutputTokens;
  return {
    ...options,
    ...ownSettings,
    prompt: withoutRefusedInputs(
      toCandidateMessages(options.prompt, given.prompt.system, own.prompt),
      own.refusedInputs ?? [],
    ),
    maxOutputTokens: isGivenLimit
      ? own.settings.maxOutputTokens
      : Math.min(maxOutputTokens, own.settings.maxOutputTokens),
    providerOptions: {
      ...own.settings.providerOptions,
      ...without(providerOptions, given.settings.providerOptions),
    },
  };
}

/** The executor's own provider options: those that are not just the given ones passed on. */
function without(
  options: SharedV4ProviderOptions = {},
  given: SharedV4ProviderOptions = {},
): SharedV4ProviderOptions {
  return Object.fromEntries(Object.entries(options).filter(([name, value]) => value !== given[name]));
}
