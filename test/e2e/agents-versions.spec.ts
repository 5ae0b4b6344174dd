import { toTeamId } from '@kdx/shared';
import { Database, TeamTransaction } from '../../src/platform/database';
import { startTestApp, type TestApp } from '../support/app';
import { addMember, createTeam, signUp, type Answer, type Client } from '../support/client';
import { expectStatus } from '../support/providers';
import { expectRefusal, listFaults } from '../support/refusals';

const path = '/api/v1/agents';

describe('the versions of an agent', () => {
  let app: TestApp;
  let owner: Client;
  let admin: Client & { teamId: string };

  beforeAll(async () => {
    app = await startTestApp();
    owner = await signUp(app);
  }, 60_000);

  beforeEach(async () => {
    admin = await createTeam(owner);
  });

  afterAll(async () => {
    expect(listFaults(app)).toEqual([]);
    await app.close();
  });

  const create = async (body: object = {}): Promise<Answer['body']> =>
    expectStatus(await admin.post(path, { name: 'Agent', instructions: 'First.', ...body }), 201);
  const read = async (id: string): Promise<Answer['body']> => expectStatus(await admin.get(`${path}/${id}`));
  const patch = (id: string, body: object): Promise<Answer> => admin.patch(`${path}/${id}`, body);
  const rollBack = (id: string, version: number): Promise<Answer> =>
    admin.post(`${path}/${id}/rollback`, { version });
  const history = async (id: string, query = ''): Promise<Answer['body'][]> =>
    expectStatus(await admin.get(`${path}/${id}/versions${query}`)).items;

  describe('a change', () => {
    it('of a version that is not the current one is refused, and nothing is written', async () => {
      const { id } = await create();
      expectStatus(await patch(id, { instructions: 'Second.', version: 1 }));
      for (const body of [
        { instructions: 'Lost?', version: 1 },
        { version: 1 },
        { name: 'Lost?', version: 9 },
      ]) {
        const error = expectRefusal(await patch(id, body), JSON.stringify(body));
        expect(error).toMatchObject({ code: 'CONFLICT', details: { version: 2 } });
      }
      expect(await read(id)).toMatchObject({ name: 'Agent', instructions: 'Second.', version: 2 });
      expect(await history(id)).toHaveLength(2);
    });

    it('by two admins who read the same is made by one, and said to the other', async () => {
      const { id } = await create();
      const other = await addMember(app, admin, 'admin');
      const answers = await Promise.all([
        admin.patch(`${path}/${id}`, { description: 'one', version: 1 }),
        other.patch(`${path}/${id}`, { description: 'other', version: 1 }),
      ]);
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
      const winner = answers.find(({ status }) => status === 200);
      expect(await read(id)).toEqual(winner?.body);
      expect((await read(id)).version).toBe(2);
    });

    it('of ten at once is a version each, and none is lost', async () => {
      const { id } = await create({ variables: [{ name: 'a', default: '' }] });
      const fields = ['name', 'description', 'instructions'] as const;
      const changes = Array.from({ length: 10 }, (_, n) => ({ [fields[n % 3] ?? '']: `change ${n}` }));
      const answers = await Promise.all(changes.map((change) => patch(id, change)));
      expect(answers.map(({ body }) => body.version).toSorted((a, b) => a - b)).toEqual([
        2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
      ]);
      answers.forEach(({ body }, n) => expect(body).toMatchObject(changes[n] ?? {}));
      // Each version is the one before with one change: what another changed meanwhile is in it.
      const versions = (await history(id)).toReversed();
      const differences = versions.slice(1).map((version, index) => {
        const before = versions[index];
        return fields.filter((field) => version[field] !== before[field]);
      });
      expect(versions.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
      for (const changed of differences) expect(changed).toHaveLength(1);
    });

    it('that changes nothing makes no version, in whatever order its settings are', async () => {
      const settings = { temperature: 0.5, providerOptions: { sandbox: { a: 1, b: [1, { c: null }] } } };
      const made = await create({
        settings,
        variables: [{ name: 'a', default: 'x' }],
        modelId: 'sandbox/echo',
      });
      for (const body of [
        {},
        { version: 1 },
        { name: 'Agent' },
        { modelId: 'sandbox/echo' },
        { settings: { providerOptions: { sandbox: { b: [1, { c: null }], a: 1 } }, temperature: 0.5 } },
        { variables: [{ default: 'x', name: 'a' }], libraryIds: [] },
      ])
        expect(expectStatus(await patch(made.id, body))).toEqual(made);
      expect(await history(made.id)).toHaveLength(1);
      expect(expectStatus(await patch(made.id, { settings: {} }))).toMatchObject({
        settings: {},
        version: 2,
      });
    });

    it('leaves what it does not name, and the version before as it was', async () => {
      const made = await create({ description: 'Stays', settings: { topK: 5 }, modelId: 'sandbox/echo' });
      const changed = expectStatus(await patch(made.id, { name: 'agent' })); // its own name in another case
      expect(changed).toEqual({ ...made, name: 'agent', version: 2, updatedAt: expect.any(String) });
      expect(Date.parse(changed.updatedAt)).toBeGreaterThanOrEqual(Date.parse(made.updatedAt));
      const { id: _, createdAt, updatedAt: __, ...content } = made;
      expect((await history(made.id))[1]).toEqual({ ...content, createdBy: admin.userId, createdAt });
    });
  });

  describe('a rollback', () => {
    it('to a version that never was, or by a name that another has meanwhile, is refused', async () => {
      const { id } = await create({ name: 'Old name' });
      expectStatus(await patch(id, { name: 'New name' }));
      await create({ name: 'old NAME' });
      expect(expectRefusal(await rollBack(id, 3), 'future')).toMatchObject({
        code: 'NOT_FOUND',
        message: 'The version was not found.',
      });
      expect(expectRefusal(await rollBack(id, 1), 'taken')).toMatchObject({
        code: 'CONFLICT',
        message: expect.stringContaining('Old name'),
      });
      expect(await read(id)).toMatchObject({ name: 'New name', version: 2 });
      expect(await history(id)).toHaveLength(2);
    });

    it('of an agent that somebody changed meanwhile is refused, and nothing is written', async () => {
      const { id } = await create();
      expectStatus(await patch(id, { instructions: 'Second.' }));
      expectStatus(await patch(id, { instructions: 'By somebody else.' }));
      const stale = await admin.post(`${path}/${id}/rollback`, { version: 1, currentVersion: 2 });
      expect(expectRefusal(stale, 'stale')).toMatchObject({ code: 'CONFLICT', details: { version: 3 } });
      expect(await read(id)).toMatchObject({ instructions: 'By somebody else.', version: 3 });
      const seen = await admin.post(`${path}/${id}/rollback`, { version: 1, currentVersion: 3 });
      expect(expectStatus(seen)).toMatchObject({ instructions: 'First.', version: 4 });
    });

    it('publishes the old content as a new version, and says from where', async () => {
      const made = await create({ settings: { topP: 0.5 }, variables: [{ name: 'a', default: '1' }] });
      expectStatus(
        await patch(made.id, { name: 'Other', instructions: 'Second.', variables: [], settings: {} }),
      );
      const back = expectStatus(await rollBack(made.id, 1));
      expect(back).toEqual({ ...made, version: 3, updatedAt: expect.any(String) });
      const [latest, second, first] = await history(made.id);
      expect(latest).toMatchObject({
        version: 3,
        rolledBackFrom: 1,
        instructions: 'First.',
        createdBy: owner.userId,
      });
      expect(second).toMatchObject({ version: 2, name: 'Other' });
      expect([second, first].some((version) => 'rolledBackFrom' in version)).toBe(false);
    });

    it('to what the agent says now changes nothing', async () => {
      const { id } = await create();
      const second = expectStatus(await patch(id, { instructions: 'Second.' }));
      expect(expectStatus(await rollBack(id, 2))).toEqual(second);
      const third = expectStatus(await rollBack(id, 1));
      expect(expectStatus(await rollBack(id, 1))).toEqual(third);
      expect(await history(id)).toHaveLength(3);
    });
  });

  describe('after a deletion', () => {
    it('the agent is gone, and its history is there', async () => {
      const { id } = await create();
      expectStatus(await patch(id, { instructions: 'Second.' }));
      expect(await admin.delete(`${path}/${id}`)).toMatchObject({ status: 204, text: '' });
      for (const answer of [
        await admin.get(`${path}/${id}`),
        await patch(id, { name: 'x' }),
        await patch(id, {}),
        await rollBack(id, 1),
        await admin.delete(`${path}/${id}`),
      ])
        expect(expectRefusal(answer, 'deleted')).toMatchObject({
          code: 'NOT_FOUND',
          message: 'The agent was not found.',
        });
      expect(expectStatus(await admin.get(path)).items).toEqual([]);
      expect((await history(id)).map(({ version, instructions }) => `${version} ${instructions}`)).toEqual([
        '2 Second.',
        '1 First.',
      ]);
    });

    it('its name is free again, and the two have a history each', async () => {
      const { id } = await create({ name: 'Twice' });
      expectStatus(await admin.delete(`${path}/${id}`), 204);
      const again = await create({ name: 'TWICE' });
      expect(again.id).not.toBe(id);
      expectStatus(await admin.delete(`${path}/${again.id}`), 204);
      const third = await create({ name: 'Twice', instructions: 'Third.' });
      expect(await history(third.id)).toHaveLength(1);
      expect((await history(id))[0]).toMatchObject({ name: 'Twice', instructions: 'First.' });
    });

    it('at the moment of a change, the change is either before it or refused', async () => {
      const { id } = await create();
      const [changed, deleted] = await Promise.all([
        patch(id, { instructions: 'Second.' }),
        admin.delete(`${path}/${id}`),
      ]);
      expect(deleted.status).toBe(204);
      expect([200, 404]).toContain(changed.status);
      expect(await history(id)).toHaveLength(changed.status === 200 ? 2 : 1);
      expect((await admin.get(`${path}/${id}`)).status).toBe(404);
    });
  });

  describe('are listed', () => {
    it('newest first, page by page, by a cursor of this agent only', async () => {
      const { id } = await create();
      for (const n of [2, 3, 4, 5]) expectStatus(await patch(id, { instructions: `Version ${n}.` }));
      const seen: number[] = [];
      let query = '?limit=2';
      let cursor: string | undefined = 'first';
      while (cursor) {
        const page = expectStatus(await admin.get(`${path}/${id}/versions${query}`));
        seen.push(...page.items.map(({ version }: { version: number }) => version));
        cursor = page.nextCursor;
        query = `?limit=2&cursor=${cursor}`;
      }
      expect(seen).toEqual([5, 4, 3, 2, 1]);

      const other = await create({ name: 'Other' });
      const { nextCursor } = expectStatus(await admin.get(`${path}/${id}/versions?limit=1`));
      const forged = Buffer.from(JSON.stringify(['1e3', id])).toString('base64url');
      for (const bad of [`${other.id}/versions?cursor=${nextCursor}`, `${id}/versions?cursor=${forged}`])
        expect(expectRefusal(await admin.get(`${path}/${bad}`), bad).code).toBe('VALIDATION_FAILED');
    });
  });

  it('cannot be changed or taken away by the application, and go with their team', async () => {
    const { id } = await create();
    const { teamId } = admin;
    const transaction = app.nest.get(TeamTransaction);
    for (const statement of [
      `update ai_agent_version set instructions = 'forged'`,
      'delete from ai_agent_version',
      'delete from ai_agent',
    ])
      await expect(
        transaction.run({ teamId: toTeamId(teamId) }, (manager) => manager.query(statement)),
      ).rejects.toThrow(/permission denied/);
    expect((await history(id))[0]).toMatchObject({ instructions: 'First.' });

    expectStatus(await admin.post('/api/auth/organization/delete', { organizationId: teamId }));
    const { rows } = await app.nest.get(Database).pool.query<{ agents: number; versions: number }>(
      `select (select count(*)::int from ai_agent where team_id = $1) as agents,
                (select count(*)::int from ai_agent_version where team_id = $1) as versions`,
      [teamId],
    );
    expect(rows).toEqual([{ agents: 0, versions: 0 }]);
  });
});
