import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { load, openApp, type App } from './app.ts';
import { countQueries } from './count-queries.ts';
import { atMost, median, percentile, plain, type Figure } from './figures.ts';
import { createPlace } from './place.ts';

const { Database } = load(
  '../dist/src/platform/database/index.js',
) as typeof import('../src/platform/database/index.ts');

const models = 10_000;
const teams = 1_000;
const pages = 300;

/**
 * A provider that lists 10,000 models with prices, over its real protocol: comparing, applying, comparing after every
 * price has changed, and applying that; then pages of the catalogue from anywhere in it. Statements are what `pg` sends.
 */
export async function measureCatalogue(): Promise<Figure[]> {
  const list = await startList();
  const place = await createPlace();
  const app = await openApp({ ...place.variables, MODEL_CATALOGUE_SEED: 'off' });
  try {
    return await measure(app, list);
  } finally {
    await app.close();
    await list.close();
    await place.remove();
  }
}

async function measure(app: App, list: Awaited<ReturnType<typeof startList>>): Promise<Figure[]> {
  const headers: Record<string, string> = {};
  const call = async (method: 'GET' | 'POST', url: string, payload?: object) => {
    const answer = await app.inject({ method, url, headers, ...(payload ? { payload } : {}) });
    if (answer.statusCode >= 300)
      throw new Error(`${method} ${url} answered ${answer.statusCode}: ${answer.body.slice(0, 500)}`);
    return { body: answer.json(), headers: answer.headers };
  };
  const account = { name: 'Ada', email: 'ada@example.com', password: 'change-me-please' };
  const signedUp = await call('POST', '/api/auth/sign-up/email', account);
  headers['authorization'] = `Bearer ${String(signedUp.headers['set-auth-token'])}`;
  const team = await call('POST', '/api/auth/organization/create', { name: 'Team', slug: 'team' });
  headers['x-team-id'] = team.body.id;
  const provider = { id: 'listed', kind: 'openrouter', displayName: 'Listed', baseUrl: list.url };
  await call('POST', '/api/v1/providers', provider);

  const statements = countQueries();
  const sync = async () => {
    const [startedAt, before] = [performance.now(), statements.count];
    const { body: diff } = await call('POST', '/api/v1/model-sync/listed/diff', {});
    const comparedAt = performance.now();
    await call('POST', '/api/v1/model-sync/listed/apply', { diffId: diff.id });
    const endedAt = performance.now();
    return {
      diff: (comparedAt - startedAt) / 1_000,
      apply: (endedAt - comparedAt) / 1_000,
      statements: statements.count - before,
    };
  };
  const first = await sync();
  list.changePrices();
  const second = await sync();
  statements.stop();

  await app.get(Database).pool.query(addTeams, [teams]);
  const paged: number[] = [];
  const found: number[] = [];
  let cursor = '';
  for (let page = 0; page < pages; page += 1) {
    const startedAt = performance.now();
    const { body } = await call('GET', `/api/v1/models?limit=50${cursor}`);
    paged.push(performance.now() - startedAt);
    cursor = body.nextCursor ? `&cursor=${body.nextCursor}` : '';
    const searchedAt = performance.now();
    await call('GET', `/api/v1/models?q=model-${page}&limit=50`);
    found.push(performance.now() - searchedAt);
  }
  return [
    atMost(`first diff and apply of ${models} models`, first.diff + first.apply, 2, 's'),
    plain('  of it the diff', first.diff, 's'),
    plain('  statements', first.statements, ''),
    plain('the same after all prices have changed', second.diff + second.apply, 's'),
    plain('  of it the diff', second.diff, 's'),
    plain('  statements', second.statements, ''),
    atMost(`GET /models, page after page, ${teams} teams, p50 of ${pages}`, median(paged), 10, 'ms'),
    plain('  p99', percentile(paged, 0.99), 'ms'),
    plain('GET /models?q=…, p50', median(found), 'ms'),
  ];
}

/** Each team uses five of the models. */
const addTeams = `
  with made as (
    insert into team (id, name, slug)
    select gen_random_uuid(), 'Team ' || n, 'team-' || n from generate_series(1, $1::int) n returning id
  )
  insert into ai_team_model (team_id, id, model_id, enabled, is_default, priority, created_at, updated_at)
  select made.id, gen_random_uuid(), model.id, true, false, 0, now(), now()
    from made cross join (select id from ai_model where provider_id = 'listed' limit 5) model`;

async function startList() {
  let prompt = 1;
  const server = createServer((_request, response) => {
    const data = Array.from({ length: models }, (_, n) => ({
      id: `acme/model-${n}`,
      name: `Model ${n}`,
      created: 1_750_000_000,
      context_length: 128_000,
      architecture: { input_modalities: ['text'], output_modalities: ['text'] },
      pricing: { prompt: `0.00000${prompt}`, completion: '0.000009' },
      supported_parameters: ['tools'],
    }));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ data }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on a port
  return {
    url: `http://127.0.0.1:${port}/v1`,
    changePrices: () => {
      prompt += 1;
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
