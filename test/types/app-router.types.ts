/*
 * Read by the type check alone: the client that a front end makes of `AppRouter`. Each `@ts-expect-error` fails the
 * check as soon as the wrong line below it compiles.
 */
import { createTRPCClient, httpBatchLink, type TRPCClientErrorLike } from '@trpc/client';
import type { AppRouter } from '../../src/app-router';

const client = createTRPCClient<AppRouter>({ links: [httpBatchLink({ url: 'http://127.0.0.1:3000/trpc' })] });

export async function rightUses(): Promise<void> {
  const { items } = await client.aiTokens.find.query();
  const masked: string | undefined = items[0]?.last4;
  const saved = await client.aiTokens.save.mutate({ providerId: 'openai', token: 'sk-test' });
  const status: 'usable' | 'wrongOrigin' | 'unreadable' = saved.status;
  const { config, version } = await client.app.getUserAppTeamConfig.query({ appId: 'aiStudio' });
  const session = await client.chat.createSession.mutate({});
  client.chat.sendMessage.subscribe(
    { sessionId: session.id, text: 'Hello' },
    { onData: (chunk) => void chunk.type },
  );
  void [masked, status, config, version];
}

export async function wrongUses(): Promise<void> {
  // @ts-expect-error the token is a string
  await client.aiTokens.save.mutate({ providerId: 'openai', token: 1 });
  // @ts-expect-error the provider is missing
  await client.aiTokens.save.mutate({ token: 'sk-test' });
  // @ts-expect-error a mutation is not a query
  await client.aiTokens.save.query({ providerId: 'openai', token: 'sk-test' });
  // @ts-expect-error there is no such procedure
  await client.aiTokens.reveal.query();
  // @ts-expect-error a masked key has no token
  void (await client.aiTokens.find.query()).items[0]?.token;
  // @ts-expect-error the version is a number
  const version: string = (await client.app.getAppTeamConfig.query({ appId: 'chat' })).version;
  void version;
}

/** The error of any procedure carries the product's own code. */
export function codeOf(error: TRPCClientErrorLike<AppRouter>): string | undefined {
  const code: 'NO_DEFAULT_MODEL' | undefined =
    error.data?.error.code === 'NO_DEFAULT_MODEL' ? error.data.error.code : undefined;
  // @ts-expect-error not a code of the closed list
  void (error.data?.error.code === 'TEAPOT');
  return code;
}
