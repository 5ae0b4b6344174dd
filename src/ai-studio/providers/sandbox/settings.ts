import { InvalidArgumentError, type LanguageModelV4CallOptions } from '@ai-sdk/provider';
import { z } from 'zod';
import { parseDirectives } from './directive';
import { lastUserText } from './echo';
import { badRequest, type FailureKind, failureKinds } from './failures';

/**
 * What `providerOptions.sandbox` may hold. Every field is optional, an unknown one is refused.
 * A type and not an interface, so that it is assignable to the AI SDK's JSON objects.
 */
export type SandboxSettings = {
  /** Speed in tokens a second, 0 to 100,000. 0 (the default): as fast as the reader reads. */
  tokensPerSecond?: number;
  /**
   * How many tokens (reasoning and text together) are sent before the call fails. 0: before the first part.
   * Equal to the length of the answer: after the last token, before `finish`. Beyond it: never reached.
   * Default 0 when `failWith` is set.
   */
  failAt?: number;
  /**
   * How it fails; default `server-error` when `failAt` is set.
   *
   * - `rate-limit` 429 with `retry-after`, `server-error` 500, `overloaded` 529, `unauthorized` 401,
   *   `bad-request` 400: at 0 the call itself rejects with an `APICallError`; later the error arrives as an
   *   `error` part followed by `finish` with reason `error`.
   * - `cut`: the connection dies. At 0 the call rejects with a retryable `APICallError` without a status;
   *   later the stream errors with the bare `TypeError` of `fetch`, whose cause has the code `UND_ERR_SOCKET`.
   *   (Some providers wrap that in an `APICallError` with status 200: tell a lost connection by the causes.)
   * - `hang`: nothing more, ever, until the caller aborts. At 0 the call itself does not settle.
   * - `error-part`: an `error` part that carries a plain object, then the end without `finish`.
   * - `content-filter`: the answer finishes with that reason.
   */
  failWith?: FailureKind;
  /** A fixed text to answer with in place of the echo; `''` answers with no text at all. */
  answer?: string;
  /** A text sent first, as reasoning; its tokens are counted as reasoning tokens. */
  reasoning?: string;
  /** `exact` (the default) reports usage on `finish`; `none` leaves every count undefined. */
  usage?: 'exact' | 'none';
  /** How many times the text is sent, 1 (the default) to 10,000, joined by a line break. For load tests. */
  repeat?: number;
};

/** The settings of one call, defaults filled in. */
export interface ResolvedSettings {
  tokensPerSecond: number;
  failure: { at: number; kind: FailureKind } | undefined;
  answer: string | undefined;
  reasoning: string;
  reportsUsage: boolean;
  repeat: number;
}

const settingsSchema: z.ZodType<SandboxSettings> = z.strictObject({
  tokensPerSecond: z.number().min(0).max(100_000).optional(),
  failAt: z.int().min(0).optional(),
  failWith: z.enum(failureKinds).optional(),
  answer: z.string().optional(),
  reasoning: z.string().optional(),
  usage: z.enum(['exact', 'none']).optional(),
  repeat: z.int().min(1).max(10_000).optional(),
});

/**
 * The settings of a call: those of `providerOptions.sandbox`, overridden by the `/sandbox` lines of the last
 * user message.
 *
 * @throws InvalidArgumentError for a wrong or unknown field of `providerOptions.sandbox`; it names the field.
 * @throws APICallError 400 for a directive that cannot be read, or has an unknown key or a wrong value.
 */
export function resolveSettings(options: LanguageModelV4CallOptions): ResolvedSettings {
  const settings = {
    ...parseProviderOptions(options.providerOptions?.sandbox ?? {}),
    ...parseDirectiveSettings(lastUserText(options.prompt)),
  };
  const fails = settings.failAt !== undefined || settings.failWith !== undefined;
  return {
    tokensPerSecond: settings.tokensPerSecond ?? 0,
    failure: fails ? { at: settings.failAt ?? 0, kind: settings.failWith ?? 'server-error' } : undefined,
    answer: settings.answer,
    reasoning: settings.reasoning ?? '',
    reportsUsage: settings.usage !== 'none',
    repeat: settings.repeat ?? 1,
  };
}

function parseProviderOptions(value: unknown): SandboxSettings {
  const parsed = settingsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { field, problem } = describe(parsed.error);
  const argument = ['providerOptions', 'sandbox', field].filter(Boolean).join('.');
  throw new InvalidArgumentError({ argument, message: `${argument}: ${problem}`, cause: parsed.error });
}

function parseDirectiveSettings(text: string): SandboxSettings {
  const parsed = settingsSchema.safeParse(parseDirectives(text));
  if (parsed.success) return parsed.data;
  const { field, problem } = describe(parsed.error);
  throw badRequest(`/sandbox ${field}: ${problem}`);
}

function describe(error: z.ZodError): { field: string; problem: string } {
  const issue = error.issues[0];
  return { field: issue?.path.join('.') ?? '', problem: issue?.message ?? 'invalid' };
}
