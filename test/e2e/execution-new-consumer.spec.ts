import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Database } from '../../src/platform/database';
import { Summaries1800000000000 } from '../consumer/summaries.migration';
import { SummariesModule } from '../consumer/summaries.module';
import { startTestApp, type TestApp } from '../support/app';
import { addMember, createTeam, signUp, type Client } from '../support/client';
import {
  addTeamProvider,
  disableModel,
  expectStatus,
  listExecutions,
  setDefaultModel,
} from '../support/providers';
import { eventually } from '../support/streams';
import { startWireServer, type WireServer } from '../support/wire';

/* The sub-app that docs/new-consumer.md builds, line by line. */
describe('a new consumer', () => {
  let app: TestApp;
  let owner: Client & { teamId: string };
  let server: WireServer;

  beforeAll(async () => {
    app = await startTestApp({}, undefined, [SummariesModule]);
    const runner = app.nest.get(Database).dataSource.createQueryRunner();
    await new Summaries1800000000000().up(runner);
    await runner.release();
    owner = await createTeam(await signUp(app));
    server = await startWireServer('openai');
    await setDefaultModel(owner, (await addTeamProvider(owner, server, { name: 'small' })).id);
    await disableModel(owner, 'sandbox/echo');
  });

  afterEach(() => server.reset());

  afterAll(async () => {
    await app.close();
    await server.close();
  });

  const summarise = (client: Client, text = 'A long story', signal?: AbortSignal) =>
    client.fetch('/api/v1/summaries', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text }),
      signal: signal ?? null,
    });

  const stored = () =>
    app.nest
      .get(Database)
      .pool.query<{ id: string; team_id: string; user_id: string; status: string; text: string }>(
        'select * from summary order by id desc',
      )
      .then(({ rows }) => rows);

  it('is refused to whoever has no team, and for what does not fit', async () => {
    expect((await summarise(new (owner.constructor as typeof Client)(app.url))).status).toBe(401);
    const { status, body } = await owner.post('/api/v1/summaries', { text: 1, model: 'x' });
    expect([status, body.error.code]).toEqual([400, 'VALIDATION_FAILED']);
    const empty = await createTeam(await signUp(app));
    await disableModel(empty, 'sandbox/echo');
    const refused = await empty.post('/api/v1/summaries', { text: 'x' });
    expect([refused.status, refused.body.error.code]).toEqual([409, 'NO_DEFAULT_MODEL']);
    expect(await stored()).toEqual([]);
  });

  it('answers with a code where no model says a word, and keeps that', async () => {
    server.always({ fail: { status: 500, message: 'down' } });
    const { status, body } = await owner.post('/api/v1/summaries', { text: 'x' });
    expect([status, body.error.code]).toEqual([502, 'PROVIDER_FAILED']);
    expect(await stored()).toMatchObject([{ status: 'failed', text: '' }]);
    expect((await listExecutions(owner))[0]).toMatchObject({ appId: 'summaries', outcome: 'failed' });
  });

  it('streams a summary, and keeps it with its execution', async () => {
    const member = await addMember(app, owner);
    const response = await summarise(member);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const text = await response.text();
    expect(text).toBe('echo: Summarise in three sentences:\n\nA long story');
    const [summary] = await eventually(async () => {
      const rows = await stored();
      return rows[0]?.status !== 'running' && rows;
    });
    expect(summary).toMatchObject({
      team_id: owner.teamId,
      user_id: member.userId,
      status: 'complete',
      text,
    });
    const executions = expectStatus(await member.get('/api/v1/executions?appId=summaries')).items;
    expect(executions).toMatchObject([{ id: summary?.id, outcome: 'completed', userId: member.userId }]);
  });

  it('stops the model of a reader who leaves, and keeps what was said and paid for', async () => {
    server.next({ reply: { chunks: Array<string>(300).fill('word '), chunkDelayMs: 20 } });
    const leaving = new AbortController();
    const response = await summarise(owner, 'x', leaving.signal);
    await response.body?.getReader().read();
    leaving.abort();
    await server.requests[0]?.aborted;
    const [summary] = await eventually(async () => {
      const rows = await stored();
      return rows[0]?.status === 'stopped' && rows;
    });
    expect(summary?.text).toMatch(/^(word )+$/);
    await eventually(async () => {
      const [execution] = await listExecutions(owner); // ends by itself, not with the summary
      expect(execution).toMatchObject({ id: summary?.id });
      return execution?.outcome === 'stopped';
    });
  });

  it('is the one that the guide builds', () => {
    const guide = readFileSync(join(__dirname, '../../docs/new-consumer.md'), 'utf8');
    for (const name of ['summaries.module.ts', 'summary.repository.ts', 'summaries.migration.ts']) {
      const source = readFileSync(join(__dirname, '../consumer', name), 'utf8');
      expect(guide).toContain(source.replaceAll("'../../src/", "'../").replace("'../migrations/", "'./"));
    }
    const lines = readFileSync(join(__dirname, '../consumer/summaries.module.ts'), 'utf8').split('\n');
    expect(lines.length).toBeLessThanOrEqual(60);
  });
});
