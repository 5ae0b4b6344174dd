import { v7 as uuidv7 } from 'uuid';
import { toTeamId, type TeamId } from '@kdx/shared';
import { AgentCache } from '../../src/ai-studio/agents/agent-cache';
import { AgentService } from '../../src/ai-studio/agents/agent.service';
import { TeamChanges } from '../../src/platform/tenancy';
import { startTestApp, type TestApp } from '../support/app';
import { createTeam, signUp, type Answer, type Client } from '../support/client';
import { createTestDatabase } from '../support/databases';
import { expectStatus } from '../support/providers';
import { countQueries } from '../support/queries';
import { eventually } from '../support/streams';

const path = '/api/v1/agents';
const onServer = process.env.DATABASE_URL ? describe : describe.skip;

describe('an agent that an execution asks for', () => {
  let app: TestApp;
  let owner: Client;
  let admin: Client & { teamId: string };
  let teamId: TeamId;
  let cache: AgentCache;
  let lastNews = 0;

  beforeAll(async () => {
    app = await startTestApp();
    owner = await signUp(app);
    cache = app.nest.get(AgentCache);
    app.nest.get(TeamChanges).subscribe(() => {
      lastNews = performance.now();
    });
  }, 60_000);

  beforeEach(async () => {
    admin = await createTeam(owner);
    teamId = toTeamId(admin.teamId);
  });

  afterAll(() => app.close());

  const create = async (body: object = {}): Promise<Answer['body']> =>
    expectStatus(await admin.post(path, { name: 'Agent', instructions: 'First.', ...body }), 201);
  const change = async (id: string, body: object): Promise<Answer['body']> =>
    expectStatus(await admin.patch(`${path}/${id}`, body));
  const remove = async (id: string): Promise<void> => expectStatus(await admin.delete(`${path}/${id}`), 204);
  /** On a server a process hears of its own changes a second time, and forgets once more. */
  const newsToSettle = () => eventually(async () => performance.now() - lastNews > 300);
  const notFound = { code: 'NOT_FOUND', message: 'The agent was not found.' };

  it('is not there for another team, nor where it never was or was deleted', async () => {
    const { id } = await create();
    const other = toTeamId((await createTeam(owner)).teamId);
    await expect(cache.getExecutable(other, id)).rejects.toMatchObject(notFound);
    await expect(cache.getExecutable(other, id, 1)).rejects.toMatchObject(notFound);
    for (const never of [uuidv7(), 'nonsense', `${id}/1`, `x' or true --`]) {
      await expect(cache.getExecutable(teamId, never)).rejects.toMatchObject(notFound);
      await expect(cache.getExecutable(teamId, never, 1)).rejects.toMatchObject(notFound);
    }
    expect(await cache.getExecutable(teamId, id)).toMatchObject({ version: 1, isDeleted: false });
    await remove(id);
    await expect(cache.getExecutable(teamId, id)).rejects.toMatchObject(notFound);
  });

  it('answers in its current version, whatever version a conversation had, as soon as that is published', async () => {
    const variables = [{ name: 'company', description: 'Whose', default: 'Acme' }];
    const body = { instructions: 'Answer for {{company}}.', variables, settings: { topK: 5 } };
    const { id, modelId } = await create({ ...body, modelId: 'sandbox/echo' });
    const first = { ...body, id, modelId, name: 'Agent', version: 1, isDeleted: false };
    expect(await cache.getExecutable(teamId, id)).toEqual(first);
    await change(id, { instructions: 'Second.' });
    const second = { ...first, version: 2, instructions: 'Second.' };
    for (const lastVersion of [undefined, 1, 2, 99])
      expect(await cache.getExecutable(teamId, id, lastVersion)).toEqual(second);
    expectStatus(await admin.post(`${path}/${id}/rollback`, { version: 1 }));
    expect(await cache.getExecutable(teamId, id, 1)).toEqual({ ...first, version: 3 });
  });

  it('answers in the version that a conversation has of it once it is deleted', async () => {
    const { id } = await create();
    await change(id, { instructions: 'Second.' });
    await cache.getExecutable(teamId, id);
    await remove(id);
    for (const [lastVersion, instructions] of [
      [2, 'Second.'],
      [1, 'First.'],
      [2, 'Second.'],
    ] as const)
      expect(await cache.getExecutable(teamId, id, lastVersion)).toMatchObject({
        version: lastVersion,
        instructions,
        isDeleted: true,
      });
    for (const never of [3, 0, -1, 1.5, Number.NaN, 1e10])
      await expect(cache.getExecutable(teamId, id, never)).rejects.toMatchObject(notFound);
  });

  it('is read in one round trip, then from memory; what is not there is asked for each time', async () => {
    const { id } = await create();
    await newsToSettle();
    const queries = countQueries();
    try {
      const counted = async (work: () => Promise<unknown>): Promise<number> => {
        const before = queries.count;
        await work().catch(() => undefined);
        return queries.count - before;
      };
      expect(await counted(() => cache.getExecutable(teamId, id))).toBe(1);
      expect(await counted(() => cache.getExecutable(teamId, id, 1))).toBe(0);
      const never = uuidv7();
      expect(await counted(() => cache.getExecutable(teamId, never))).toBe(1);
      expect(await counted(() => cache.getExecutable(teamId, never))).toBe(1);
      expect(await counted(() => cache.getExecutable(teamId, 'nonsense'))).toBe(0);
    } finally {
      queries.stop();
    }
    await remove(id);
    await newsToSettle();
    const after = countQueries();
    await cache.getExecutable(teamId, id, 1);
    const cold = after.count;
    await cache.getExecutable(teamId, id, 1);
    after.stop();
    expect([cold, after.count]).toEqual([1, 1]);
  });

  it('is shown to consumers without what it is told', async () => {
    const agents = app.nest.get(AgentService);
    const variables = [{ name: 'company', default: 'Acme' }];
    const made = await create({ name: 'beta', instructions: 'Secret.', variables, modelId: 'sandbox/echo' });
    const { id: other } = await create({ name: 'Alpha' });
    const gone = await create({ name: 'Gone' });
    await remove(gone.id);
    const { id, modelId } = made;
    const shown = { id, name: 'beta', description: '', version: 1, variables, modelId };
    expect(await agents.getAvailable(teamId, id)).toEqual(shown);
    expect(await agents.listAvailable(teamId)).toEqual([expect.objectContaining({ id: other }), shown]);
    await expect(agents.getAvailable(teamId, gone.id)).rejects.toMatchObject(notFound);
  });
});

onServer('an agent on two replicas', () => {
  it('is known to the other in its new version at once, not after the memory has aged', async () => {
    const database = await createTestDatabase();
    const one = await startTestApp({}, database);
    const other = await startTestApp({}, database);
    try {
      const admin = await createTeam(await signUp(one));
      const teamId = toTeamId(admin.teamId);
      const cache = other.nest.get(AgentCache);
      const { id } = expectStatus(await admin.post(path, { name: 'Agent', instructions: 'First.' }), 201);
      expect((await cache.getExecutable(teamId, id)).version).toBe(1);
      expectStatus(await admin.patch(`${path}/${id}`, { instructions: 'Second.' }));
      await eventually(async () => (await cache.getExecutable(teamId, id)).version === 2);
    } finally {
      await Promise.all([one.close(), other.close()]);
      await database.drop();
    }
  });
});
