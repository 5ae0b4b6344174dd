/*
 * The main job from end to end, in a terminal: a server of its own on a throw-away directory, an account, a team, a
 * provider key, a model, instructions, a conversation whose answers stream, and the record of it. Each fact that it
 * claims is checked; the first that does not hold ends it with code 1.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { call, chat, createTeam, signUp, type Caller, type Json } from './demo/api.ts';
import { startAppServer } from './demo/app-server.ts';
import { chooseProvider, type DemoProvider } from './demo/provider.ts';
import { countFilesWith, readStoredKeys } from './demo/second-look.ts';
import { answerPrinter, expect, fail, say, show, step, title } from './demo/terminal.ts';

const teamText = 'Answer in plain English. The company is called Example Ltd.';
const ownText = 'Keep it short: I read on a phone.';
const dataDir = mkdtempSync(join(tmpdir(), 'ai-studio-demo-'));
const undo: (() => Promise<void> | void)[] = [() => rmSync(dataDir, { recursive: true, force: true })];
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void cleanUp().then(() => process.exit(130)));

try {
  await run();
  await cleanUp();
  title('Done: a streamed answer and a stored conversation. The server has ended and its directory is gone.');
} catch (error) {
  fail(error);
  process.exitCode = 1;
  await cleanUp();
}

async function run(): Promise<void> {
  const provider = await chooseProvider();
  undo.unshift(provider.stop);
  title(`AI Studio, from an empty directory to a stored conversation, with ${provider.displayName}`);

  const server = await step('Start a server', async () => {
    const variables: Record<string, string> = provider.allowHost
      ? { EGRESS_ALLOW_HOSTS: provider.allowHost }
      : {};
    const started = await startAppServer(dataDir, variables);
    undo.unshift(started.stop);
    show({ address: started.url, data: `${dataDir} (removed at the end)` });
    expect(
      true,
      `healthy after ${(started.healthyAfterMs / 1000).toFixed(1)} s, database created and migrated`,
    );
    return started;
  });
  const admin = await step('Sign up and make a team', () => makeTeam(server.url));
  const { providerId, modelId } = await step('Store a provider key', () => storeKey(admin, provider));
  await step('Enable a model and make it the default', () => chooseModel(admin, modelId));
  await step('Write team and personal instructions', () => writeInstructions(admin));
  const { sessionId, streamed } = await step('Chat, twice', () => talk(admin, provider));
  const answeredBy = await step('Read the conversation back', () => readBack(admin, sessionId, streamed));
  await step('Look at the record of what ran', () => readRecord(admin, answeredBy));
  await step('Stop the server and look into its database', async () => {
    await server.stop();
    await lookIntoDatabase(provider, providerId);
  });
}

async function makeTeam(url: string): Promise<Caller> {
  say('POST /api/auth/sign-up/email: the first account becomes the platform admin');
  const ada = await signUp(url, 'Ada', 'ada@example.com');
  say('POST /api/auth/organization/create');
  const admin = await createTeam(ada, 'Research', 'research');
  const { items: models } = await call(admin, 'GET', '/api/v1/team-models');
  const enabled = models.filter((model: Json) => model.enabled).map(({ ref }: Json) => ref);
  show({ team: admin.teamId, enabled: `${enabled.join(', ')}; the catalogue offers many more` });
  expect(
    models.some(({ ref, isDefault }: Json) => ref === 'sandbox/echo' && isDefault),
    'a new team can chat before it has a key: sandbox/echo',
  );
  return admin;
}

async function storeKey(
  admin: Caller,
  provider: DemoProvider,
): Promise<{ providerId: string; modelId: string }> {
  const registered = await provider.register(admin);
  say(`PUT /api/v1/tokens/${registered.providerId} { "token": "${provider.key.slice(0, 3)}…" }`);
  const stored = await call(admin, 'PUT', `/api/v1/tokens/${registered.providerId}`, { token: provider.key });
  const { last4, fingerprint, status } = stored;
  show({ last4, fingerprint, status });
  const listed = await call(admin, 'GET', '/api/v1/tokens');
  expect(last4 === provider.key.slice(-4) && status === 'usable', 'the key is stored and usable');
  expect(
    !JSON.stringify([stored, listed]).includes(provider.key),
    'the answers show its last four characters, never the key',
  );
  return registered;
}

async function chooseModel(admin: Caller, modelId: string): Promise<void> {
  say(`PATCH /api/v1/team-models/${modelId} { "enabled": true }`);
  await call(admin, 'PATCH', `/api/v1/team-models/${modelId}`, { enabled: true });
  say(`PUT /api/v1/team-models/default { "modelId": "${modelId}" }`);
  const model = await call(admin, 'PUT', '/api/v1/team-models/default', { modelId });
  // The echo as fast as a model writes, so that its stream can be seen.
  await call(admin, 'PATCH', `/api/v1/team-models/${encodeURIComponent('sandbox/echo')}`, {
    settings: { providerOptions: { sandbox: { tokensPerSecond: 90 } } },
  });
  show({ ref: model.ref, default: model.isDefault, usable: model.usable });
  expect(model.isDefault && model.usable, 'the model is the default and usable');
}

async function writeInstructions(admin: Caller): Promise<void> {
  say('PUT /api/v1/app-config/aiStudio/team   (the generic endpoints that every app uses)');
  const team = await call(admin, 'PUT', '/api/v1/app-config/aiStudio/team', {
    config: { teamInstructions: { enabled: true, content: teamText } },
  });
  say('PUT /api/v1/app-config/aiStudio/me');
  const own = await call(admin, 'PUT', '/api/v1/app-config/aiStudio/me', {
    config: { userInstructions: { enabled: true, content: ownText } },
  });
  show({ team: `version ${team.version}`, personal: `version ${own.version}` });
  say('GET /api/v1/prompts/preview: what a model would be told now');
  const { layers } = await call(admin, 'GET', '/api/v1/prompts/preview');
  show(
    Object.fromEntries(
      layers.map(({ layer, source, tokens }: Json) => [layer, `${source}, about ${tokens} tokens`]),
    ),
  );
  expect(
    layers.map(({ layer }: Json) => layer).join() === 'platform,team,user',
    'three layers: platform, team, user',
  );
}

async function talk(
  admin: Caller,
  provider: DemoProvider,
): Promise<{ sessionId: string; streamed: string[] }> {
  say('POST /api/v1/chat/sessions');
  const { id: sessionId } = await call(admin, 'POST', '/api/v1/chat/sessions', {});
  const streamed: string[] = [];
  for (const [index, text] of provider.questions.entries()) {
    const modelId = index === 1 ? provider.secondModel : undefined;
    say(
      `POST /api/v1/chat/sessions/${sessionId}/messages ${JSON.stringify({ text, ...(modelId ? { modelId } : {}) })}`,
    );
    const answer = await chat(admin, sessionId, { text, ...(modelId ? { modelId } : {}) }, answerPrinter());
    process.stdout.write('\n');
    const times = `first text after ${Math.round(answer.firstTextMs)} ms, all after ${Math.round(answer.totalMs)} ms`;
    expect(answer.pieces > 1, `streamed in ${answer.pieces} pieces: ${times}`);
    if (modelId === 'sandbox/echo') {
      expect(
        answer.text.includes(teamText) && answer.text.includes(ownText),
        'the model was told the team and the personal instructions',
      );
    }
    streamed.push(answer.text);
  }
  const keys = provider.receivedKeys();
  if (keys)
    expect(
      keys.length > 0 && keys.every((key) => key === provider.key),
      "the provider got the team's key in its authorization header, each time",
    );
  return { sessionId, streamed };
}

/** Gives the ids of the executions that answered. */
async function readBack(admin: Caller, sessionId: string, streamed: string[]): Promise<string[]> {
  say(`GET /api/v1/chat/sessions/${sessionId}/messages`);
  const { items } = await call(admin, 'GET', `/api/v1/chat/sessions/${sessionId}/messages`);
  for (const { role, status, modelRef, parts } of items) {
    const text = textOf(parts).replace(/\s+/g, ' ');
    show({
      [role.padEnd('assistant'.length)]:
        `${status}${modelRef ? `, ${modelRef}` : ''}: ${text.length > 70 ? `${text.slice(0, 70)}…` : text}`,
    });
  }
  expect(
    items.length === 4 && items.every(({ status }: Json) => status === 'complete'),
    'four messages, all complete',
  );
  const answers = items
    .filter(({ role }: Json) => role === 'assistant')
    .map(({ parts }: Json) => textOf(parts));
  expect(JSON.stringify(answers) === JSON.stringify(streamed), 'what is stored is what was streamed');
  return items.flatMap(({ executionId }: Json) => executionId ?? []);
}

async function readRecord(admin: Caller, answeredBy: string[]): Promise<void> {
  say('GET /api/v1/executions?appId=chat');
  const items = await listEnded(admin);
  for (const { id, modelRef, outcome, usage, costNanoUsd, attempts, timings } of items.toReversed()) {
    show({
      [modelRef]: `${outcome}${answeredBy.includes(id) ? '' : ' (a title for the conversation)'}`,
      '  tokens': `${usage.inputTokens} in, ${usage.outputTokens} out (${usage.source})`,
      '  attempts': attempts.map((attempt: Json) => `${attempt.outcome} in ${attempt.ms} ms`).join(', '),
      '  cost': costNanoUsd === null ? 'unknown: this model has no price yet' : `${costNanoUsd} nano-USD`,
      '  time': `first part ${timings.firstPartMs} ms, whole answer ${timings.totalMs} ms`,
    });
  }
  const answers = items.filter(({ id }) => answeredBy.includes(id));
  expect(
    answers.length === 2 && answers.every(({ outcome }) => outcome === 'completed'),
    'two answers, both completed',
  );
  expect(
    answers.every(({ usage }) => usage.source === 'provider'),
    'tokens are counted by the provider',
  );
}

/** The title is written beside the conversation: nobody waits for it but we. */
async function listEnded(admin: Caller): Promise<Json[]> {
  for (const deadline = Date.now() + 20_000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const { items }: { items: Json[] } = await call(admin, 'GET', '/api/v1/executions?appId=chat');
    if (items.every(({ outcome }) => outcome !== 'running') || Date.now() > deadline) return items;
  }
}

async function lookIntoDatabase({ key }: DemoProvider, providerId: string): Promise<void> {
  say('select sealed from ai_team_token   (as the owner of the database)');
  const row = (await readStoredKeys(dataDir)).find((stored) => stored.providerId === providerId);
  if (!row) throw new Error('Expected: the row of the key. It is not there.');
  const hex = Buffer.from(row.sealed).toString('hex');
  show({ sealed: `${hex.slice(0, 64)}… (${row.sealed.length} bytes)`, last4: row.last4 });
  expect(!Buffer.from(row.sealed).includes(key), 'the row is ciphertext');
  expect(
    countFilesWith(dataDir, key) === 0,
    'no file of the data directory holds the key: not as it is, nor as base64 or hex',
  );
}

function textOf(parts: Json[]): string {
  return parts.map(({ type, text }) => (type === 'text' ? text : '')).join('');
}

async function cleanUp(): Promise<void> {
  for (const action of undo.splice(0)) await Promise.resolve(action()).catch(() => undefined);
}
