import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { streamText } from 'ai';
import { Agent, request } from 'undici';
import { call, createTeam, signUp, type Caller } from '../scripts/demo/api.ts';
import { startOpenAiServer } from '../scripts/demo/openai-server.ts';
import { atMost, median, percentile, plain, type Figure } from './figures.ts';
import { createPlace } from './place.ts';

/** As many as it takes until the code is compiled: a server runs for weeks. */
const warmUpRounds = 300;
const rounds = 500;
/** Between rounds, so that nobody waits for the title that the conversation before is given. */
const pauseMs = 40;

/**
 * One streamed chat message through the server, against a direct AI SDK call to the same local provider, in turns. Both
 * are measured from the call to the first byte of the answer's text. Each message begins a conversation of its own; the
 * conversation is created before the clock starts.
 */
export async function measureFirstByte(): Promise<Figure[]> {
  const provider = await startOpenAiServer({
    answer: ['Hello', ' there', '.'],
    pauseMs: 0,
    keepCalls: false,
  });
  const place = await createPlace();
  const server = await place.start({ EGRESS_ALLOW_HOSTS: provider.host });
  const agent = new Agent();
  try {
    const caller = await createTeamWith(server.url, provider.baseUrl);
    const model = createOpenAICompatible({
      name: 'local',
      baseURL: provider.baseUrl,
      apiKey: 'sk-bench',
      includeUsage: true,
    })('small');
    const direct: number[] = [];
    const through: number[] = [];
    for (let round = -warmUpRounds; round < rounds; round += 1) {
      const { id } = await call(caller, 'POST', '/api/v1/chat/sessions', {});
      const one = await firstTextDirect(model);
      const other = await firstTextThroughServer(caller, id, agent);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      if (round < 0) continue;
      direct.push(one);
      through.push(other);
    }
    return [
      plain(`direct AI SDK call, p50 of ${rounds}`, median(direct), 'ms'),
      plain('through the server, p50', median(through), 'ms'),
      plain('through the server, p99', percentile(through, 0.99), 'ms'),
      atMost('added time to first byte, p50', median(through) - median(direct), 5, 'ms'),
    ];
  } finally {
    await agent.destroy();
    await server.stop();
    await provider.stop();
    await place.remove();
  }
}

export async function createTeamWith(url: string, baseUrl: string): Promise<Caller> {
  const caller = await createTeam(await signUp(url, 'Ada', 'ada@example.com'), 'Team', 'team');
  const models = [{ modelKey: 'small', displayName: 'Small' }];
  const provider = await call(caller, 'POST', '/api/v1/team-providers', {
    displayName: 'Local',
    baseUrl,
    models,
  });
  await call(caller, 'PUT', `/api/v1/tokens/${provider.id}`, { token: 'sk-bench' });
  const [{ id: modelId }] = provider.models;
  await call(caller, 'PATCH', `/api/v1/team-models/${modelId}`, { enabled: true });
  await call(caller, 'PUT', '/api/v1/team-models/default', { modelId });
  return caller;
}

async function firstTextDirect(model: Parameters<typeof streamText>[0]['model']): Promise<number> {
  const startedAt = performance.now();
  let firstText = 0;
  const { textStream } = streamText({ model, prompt: 'Hello!', maxOutputTokens: 8_192, maxRetries: 0 });
  for await (const _ of textStream) firstText ||= performance.now() - startedAt;
  return firstText;
}

async function firstTextThroughServer(
  { url, token, teamId }: Caller,
  sessionId: string,
  dispatcher: Agent,
): Promise<number> {
  const startedAt = performance.now();
  const { body, statusCode } = await request(`${url}/api/v1/chat/sessions/${sessionId}/messages`, {
    dispatcher,
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'x-team-id': teamId, 'content-type': 'application/json' },
    body: JSON.stringify({ text: 'Hello!' }),
  });
  let text = '';
  let firstText = 0;
  for await (const chunk of body) {
    text += String(chunk);
    if (text.includes('text-delta')) firstText ||= performance.now() - startedAt;
  }
  if (statusCode !== 200 || firstText === 0)
    throw new Error(`A message was answered with ${statusCode}: ${text}`);
  return firstText;
}
