import { createTRPCClient, httpBatchLink, httpLink, TRPCClientError, type TRPCClient } from '@trpc/client';
import { AppRouterHost } from 'nestjs-trpc';
import type { AppRouter } from '../../src/app-router';
import type { ErrorCode } from '../../src/platform/errors';
import type { TestApp } from './app';
import type { Answer, Client } from './client';

export type Trpc = TRPCClient<AppRouter>;

/** tRPC's own client, as `client` calls. `batch` joins the calls of one moment into one request; `single` does not. */
export function trpcOf(client: Client, link: 'batch' | 'single' = 'batch'): Trpc {
  const options = { url: `${client.url}/trpc`, headers: () => client.headers() };
  return createTRPCClient<AppRouter>({
    links: [
      link === 'batch' ? httpBatchLink({ ...options, maxURLLength: 4_000, maxItems: 50 }) : httpLink(options),
    ],
  });
}

/** What came of a call, the same over both transports: `code` is `OK` where it was done. Without the request id. */
export interface Outcome {
  code: ErrorCode | 'OK';
  message?: string;
  details?: unknown;
}

export async function restOutcome(call: Promise<Answer>): Promise<Outcome> {
  const { status, text, body } = await call;
  if (status < 300) return { code: 'OK' };
  if (!body?.error?.code) throw new Error(`Not an error of ours: ${status} ${text}`);
  return withoutRequestId(body.error);
}

export async function trpcOutcome(call: Promise<unknown>): Promise<Outcome> {
  try {
    await call;
    return { code: 'OK' };
  } catch (error) {
    const refusal = error instanceof TRPCClientError ? error.data?.error : undefined;
    if (!refusal) throw error;
    return withoutRequestId(refusal);
  }
}

/** The text of an answer with its request id taken out: what must not differ between two that say the same. */
export function textOf({ status, headers, text }: Answer): string {
  return `${status} ${text.replaceAll(headers.get('x-request-id') ?? '', '<request id>')}`;
}

/** The procedures of the running application: name and kind. */
export function listProcedures(
  app: TestApp,
): { name: string; type: 'query' | 'mutation' | 'subscription' }[] {
  const { procedures } = app.nest.get(AppRouterHost).appRouter._def;
  return Object.entries(
    procedures as Record<string, { _def: { type: 'query' | 'mutation' | 'subscription' } }>,
  ).map(([name, { _def }]) => ({ name, type: _def.type }));
}

function withoutRequestId({ requestId, ...outcome }: Outcome & { requestId?: string }): Outcome {
  if (!requestId) throw new Error(`An error without its request id: ${JSON.stringify(outcome)}`);
  return outcome;
}
