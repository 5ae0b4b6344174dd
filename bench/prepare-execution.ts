import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, openApp, type App } from './app.ts';
import { countQueries } from './count-queries.ts';
import { atMost, median, percentile, plain, type Figure } from './figures.ts';

const { AiStudioService } = load(
  '../dist/src/ai-studio/index.js',
) as typeof import('../src/ai-studio/index.ts');
const { TeamChanges } = load(
  '../dist/src/platform/tenancy/index.js',
) as typeof import('../src/platform/tenancy/index.ts');
const shared = load('../dist/libs/shared/src/index.js') as typeof import('../libs/shared/src/index.ts');

const warmUps = 5_000;
const warmCalls = 20_000;
const coldCalls = 50;

/**
 * `prepareExecution` in the compiled application, in this process: how long it takes with the team in memory, and how
 * often it asks the database with and without. The team has three models, one key, and instructions on both levels.
 */
export async function measurePrepareExecution(): Promise<Figure[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'ai-studio-bench-'));
  const app = await openApp({ DATA_DIR: dataDir });
  try {
    return await measure(app);
  } finally {
    await app.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function measure(app: App): Promise<Figure[]> {
  const scope = await createTeam(app);
  const aiStudio = app.get(AiStudioService);
  const changes = app.get(TeamChanges);
  const queries = countQueries();

  for (let call = 0; call < warmUps; call += 1) await aiStudio.prepareExecution(scope);
  const warm: number[] = [];
  const queriesBefore = queries.count;
  for (let call = 0; call < warmCalls; call += 1) {
    const startedAt = performance.now();
    await aiStudio.prepareExecution(scope);
    warm.push((performance.now() - startedAt) * 1_000);
  }
  const warmQueries = queries.count - queriesBefore;

  const coldQueries: number[] = [];
  const coldMs: number[] = [];
  for (let call = 0; call < coldCalls; call += 1) {
    await changes.announceForAllTeams(); // every process forgets what it remembers of teams
    const before = queries.count;
    const startedAt = performance.now();
    await aiStudio.prepareExecution(scope);
    coldMs.push(performance.now() - startedAt);
    coldQueries.push(queries.count - before);
  }
  queries.stop();
  return [
    atMost(`warm, p50 of ${warmCalls}`, median(warm), 50, 'µs'),
    plain('warm, p99', percentile(warm, 0.99), 'µs'),
    atMost(`warm, database round trips in ${warmCalls} calls`, warmQueries, 0, ''),
    atMost(`cold, database round trips, most of ${coldCalls}`, Math.max(...coldQueries), 2, ''),
    plain('cold, p50', median(coldMs), 'ms'),
  ];
}

/** Signs up, makes a team and configures it, over the application's own routes. */
async function createTeam(app: App): Promise<import('../libs/shared/src/index.ts').Scope> {
  const headers: Record<string, string> = {};
  const call = async (method: 'POST' | 'PUT' | 'PATCH', url: string, payload: object) => {
    const answer = await app.inject({ method, url, headers, payload });
    if (answer.statusCode >= 300)
      throw new Error(`${method} ${url} answered ${answer.statusCode}: ${answer.body}`);
    return { body: answer.json(), headers: answer.headers };
  };
  const account = { name: 'Ada', email: 'ada@example.com', password: 'change-me-please' };
  const signedUp = await call('POST', '/api/auth/sign-up/email', account);
  headers['authorization'] = `Bearer ${String(signedUp.headers['set-auth-token'])}`;
  const team = await call('POST', '/api/auth/organization/create', { name: 'Team', slug: 'team' });
  headers['x-team-id'] = team.body.id;
  const models = ['small', 'large'].map((modelKey) => ({ modelKey, displayName: modelKey }));
  const provider = await call('POST', '/api/v1/team-providers', {
    displayName: 'Local',
    baseUrl: 'http://127.0.0.1:1/v1',
    models,
  });
  await call('PUT', `/api/v1/tokens/${provider.body.id}`, { token: 'sk-bench-0123456789' });
  for (const { id } of provider.body.models)
    await call('PATCH', `/api/v1/team-models/${id}`, { enabled: true });
  const text = 'Answer in plain English, briefly, and name your sources. '.repeat(10);
  const instructions = { enabled: true, content: text };
  await call('PUT', '/api/v1/app-config/aiStudio/team', { config: { teamInstructions: instructions } });
  await call('PUT', '/api/v1/app-config/aiStudio/me', { config: { userInstructions: instructions } });
  const { toTeamId, toUserId, chatApp } = shared;
  return { teamId: toTeamId(team.body.id), userId: toUserId(signedUp.body.user.id), appId: chatApp };
}
