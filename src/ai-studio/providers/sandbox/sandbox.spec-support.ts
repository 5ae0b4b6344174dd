import type { LanguageModelV4CallOptions, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { createSandboxModel, type SandboxSettings } from './index';

/** The model under test. */
export const model = createSandboxModel('echo');

/** Call options with one user message. */
export function asking(
  text: string,
  settings?: SandboxSettings,
  more?: Partial<LanguageModelV4CallOptions>,
): LanguageModelV4CallOptions {
  return {
    prompt: [{ role: 'user', content: [{ type: 'text', text }] }],
    ...(settings && { providerOptions: { sandbox: settings } }),
    ...more,
  };
}

/** Every part of a call that ends well. */
export async function readAll(options: LanguageModelV4CallOptions): Promise<LanguageModelV4StreamPart[]> {
  const { stream } = await model.doStream(options);
  const parts: LanguageModelV4StreamPart[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

/** Reads until the stream errors; gives the parts before it and the error. */
export async function readUntilError(options: LanguageModelV4CallOptions) {
  const { stream } = await model.doStream(options);
  const parts: LanguageModelV4StreamPart[] = [];
  try {
    for await (const part of stream) parts.push(part);
  } catch (error) {
    return { parts, error };
  }
  throw new Error('The stream was expected to error.');
}

/** The text that the parts carry, joined. */
export function textOf(parts: LanguageModelV4StreamPart[]): string {
  return parts.map((part) => (part.type === 'text-delta' ? part.delta : '')).join('');
}

/** The last part, which must be `finish`. */
export function finishOf(parts: LanguageModelV4StreamPart[]) {
  const last = parts.at(-1);
  if (last?.type !== 'finish') throw new Error(`The last part was ${last?.type}.`);
  return last;
}

/** The text deltas, one by one. */
export function deltasOf(parts: LanguageModelV4StreamPart[]): string[] {
  return parts.flatMap((part) => (part.type === 'text-delta' ? [part.delta] : []));
}

/** How many timers keep the process alive now. */
export function activeTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

/** What a promise that must reject rejects with. */
export async function rejectionOf(promise: PromiseLike<unknown>): Promise<unknown> {
  return Promise.resolve(promise).then(
    () => {
      throw new Error('A rejection was expected.');
    },
    (error: unknown) => error,
  );
}
