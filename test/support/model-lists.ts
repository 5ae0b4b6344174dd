import { EgressGuard } from '../../src/platform/egress';
import { AppError } from '../../src/platform/errors';
import type { ListKind, ModelListServer } from './wire/model-lists';
import type { ListContext, ModelListing } from '../../src/ai-studio/model-sync/adapters/adapter';
import { modelListAdapters } from '../../src/ai-studio/model-sync/adapters';

/** Of the suite that runs. */
let guard: EgressGuard | undefined;

export const testKey = 'sk-test-0123456789';

/** What an adapter gets to read this server with; waits are noted and not waited. */
export function contextFor(
  server: ModelListServer,
  kind: ListKind,
  changes: Partial<ListContext> = {},
): ListContext & { waits: number[] } {
  const waits: number[] = [];
  return {
    baseUrl: server.baseUrl(kind),
    apiKey: testKey,
    fetch: (guard ??= new EgressGuard({ allowHosts: [{ host: '127.0.0.1' }] })).fetch,
    signal: new AbortController().signal,
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      waits.push(ms);
    },
    ...changes,
    waits,
  };
}

/** What a provider's adapter makes of rows that the provider answered with. */
export function readAnswer(server: ModelListServer, kind: ListKind, answer: unknown): Promise<ModelListing> {
  server.script(kind, { json: answer });
  return modelListAdapters[kind](contextFor(server, kind));
}

/** The error that a promise ends with, checked to be ours and to hold nothing of the key in any part that is sent or logged. */
export async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AppError)) throw new Error(`no AppError: ${String(error)}`);
  const told = [error.message, JSON.stringify(error.details), String(error.cause), error.stack].join('\n');
  if (told.includes(testKey)) throw new Error('the error tells the key');
  return error;
}

export async function closeGuard(): Promise<void> {
  await guard?.close();
  guard = undefined;
}
