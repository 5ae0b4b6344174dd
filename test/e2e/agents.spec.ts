import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { startTestApp, type TestApp } from '../support/app';
import { addMember, createTeam, signUp, type Answer, type Client } from '../support/client';
import { addTeamProvider, expectStatus } from '../support/providers';
import { expectRefusal, listFaults } from '../support/refusals';
import { restOutcome, textOf, trpcOf, trpcOutcome } from '../support/trpc';

type Admin = Client & { teamId: string };

const path = '/api/v1/agents';
const answering = { name: 'Support', instructions: 'Answer {{userName}} of {{company}}.' };
const company = { name: 'company', default: 'Acme' };

describe('the agents of a team', () => {
  let app: TestApp;
  let platformAdmin: Admin;
  /** A team of its own for each test, so that none sees what another made. */
  let admin: Admin;

  beforeAll(async () => {
    app = await startTestApp();
    platformAdmin = await createTeam(await signUp(app));
  }, 60_000);

  beforeEach(async () => {
    admin = await createTeam(await signUp(app));
  });

  afterAll(async () => {
    expect(listFaults(app)).toEqual([]);
    await app.close();
  });

  const create = async (body: object = {}): Promise<Answer['body']> =>
    expectStatus(await admin.post(path, { name: 'Agent', instructions: 'Answer.', ...body }), 201);
  const read = async (id: string): Promise<Answer['body']> => expectStatus(await admin.get(`${path}/${id}`));
  const listNames = async (query = ''): Promise<string[]> =>
    expectStatus(await admin.get(`${path}${query}`)).items.map(({ name }: { name: string }) => name);

  /** The refused field and what is said about it; also that nothing was stored. */
  async function expectRefused(body: object, field: string, problem: RegExp): Promise<void> {
    const complete = { name: 'Refused', instructions: 'Answer.', ...body };
    const error = expectRefusal(await admin.post(path, complete), JSON.stringify(body).slice(0, 100));
    expect(error.code).toBe('VALIDATION_FAILED');
    const { fields } = error.details as { fields: { field: string; problem: string }[] };
    expect(fields[0]).toEqual({ field, problem: expect.stringMatching(problem) });
    expect(error.message).toContain(field);
    expect(await listNames()).not.toContain('Refused');
  }

  describe('refuse', () => {
    it.each([
      ['name', { name: '' }, /at least 1/],
      ['name', { name: ' \t ' }, /white space/],
      ['name', { name: 'x'.repeat(101) }, /at most 100/],
      ['description', { description: 'x'.repeat(2_001) }, /at most 2000/],
      ['instructions', { instructions: undefined }, /./],
      ['instructions', { instructions: '' }, /at least 1/],
      ['instructions', { instructions: '\n \u2003' }, /white space/],
      ['instructions', { instructions: 'x'.repeat(50_001) }, /at most 50000/],
      ['settings.temperature', { settings: { temperature: 2.1 } }, /2/],
      ['settings.heat', { settings: { heat: 1 } }, /not a known field/],
      ['libraryIds', { libraryIds: ['nonsense'] }, /UUID/],
      ['libraryIds', { libraryIds: Array.from({ length: 21 }, () => uuidv7()) }, /20/],
      [
        'variables',
        { variables: Array.from({ length: 51 }, (_, n) => ({ name: `v${n}`, default: '' })) },
        /50/,
      ],
      ['variables.0.default', { variables: [{ name: 'company' }] }, /./],
      ['variables.0.default', { variables: [{ ...company, default: 'x'.repeat(2_001) }] }, /at most 2000/],
      [
        'variables.0.description',
        { variables: [{ ...company, description: 'x'.repeat(501) }] },
        /at most 500/,
      ],
    ])('more or less than fits, and name the limit: %s %#', async (field, body, problem) => {
      await expectRefused(body, field, problem);
    });

    it.each(['Company', 'a b', '1a', 'über', '_a', 'a-b', '{{a}}', 'x'.repeat(41), '__proto__', ''])(
      'a variable that is no name: %s',
      async (name) => {
        await expectRefused({ variables: [{ name, default: '' }] }, 'variables.0.name', /./);
      },
    );

    it.each(['userName', 'teamName', 'userLanguage', 'date'])(
      'a variable that is built in: %s',
      async (name) => {
        await expectRefused({ variables: [company, { name, default: '' }] }, 'variables.1.name', /already/);
      },
    );

    it('a variable twice', async () => {
      await expectRefused({ variables: [company, company] }, 'variables.1.name', /second time/);
    });

    it.each([
      ['Hello {{nobody}}.', /nobody.*userName/],
      ['Hello {{company}}.', /company/],
      ['Hello {{ }}.', /\{\{/],
      ['{{#if userName}}yes{{/if}}', /\{\{/],
      ['{{constructor}}', /constructor/],
    ])('instructions that name what is no variable: %s', async (instructions, problem) => {
      await expectRefused({ instructions }, 'instructions', problem);
    });

    it.each(['\u202E', '\u2066', '\u0007', '\u009B', '\u{E0041}'])(
      'characters that nobody sees, in every text: %j',
      async (sign) => {
        const text = `a${sign}b`;
        const unseen = /which nobody can see/;
        await expectRefused({ name: `Refused${sign}` }, 'name', unseen);
        await expectRefused({ description: text }, 'description', unseen);
        await expectRefused({ instructions: text }, 'instructions', unseen);
        await expectRefused({ variables: [{ ...company, default: text }] }, 'variables.0.default', unseen);
        const variables = [{ ...company, description: text }];
        await expectRefused({ variables }, 'variables.0.description', unseen);
      },
    );

    it('every fault of a change at once, and store none of it', async () => {
      const { id } = await create({ ...answering, variables: [company] });
      const body = { name: ' ', instructions: '{{a}} {{b}}', description: '\u202E' };
      const error = expectRefusal(await admin.patch(`${path}/${id}`, body), 'all');
      const { fields } = error.details as { fields: { field: string }[] };
      expect(fields.map(({ field }) => field)).toEqual([
        'name',
        'description',
        'instructions',
        'instructions',
      ]);
      expect(await read(id)).toMatchObject({ ...answering, version: 1 });
    });

    it('taking away a variable that the instructions still use', async () => {
      const { id } = await create({ ...answering, variables: [company] });
      const error = expectRefusal(await admin.patch(`${path}/${id}`, { variables: [] }), 'without it');
      expect(error).toMatchObject({
        code: 'VALIDATION_FAILED',
        details: { fields: [{ field: 'instructions', problem: expect.stringContaining('{{company}}') }] },
      });
      expect(await read(id)).toMatchObject({ version: 1, variables: [company] });
      const both = { variables: [], instructions: 'Answer {{userName}}.' };
      expect(expectStatus(await admin.patch(`${path}/${id}`, both))).toMatchObject({ ...both, version: 2 });
    });

    it('a library: there is none yet', async () => {
      const answer = await admin.post(path, { ...answering, libraryIds: [uuidv7()] });
      expect(expectRefusal(answer, 'library')).toMatchObject({
        code: 'NOT_FOUND',
        message: 'A library was not found.',
      });
    });

    it('a model that is none, that is for something else, or that is of another team', async () => {
      const other = await createTeam(await signUp(app));
      const foreign = await addTeamProvider(other, { baseUrl: 'http://127.0.0.1:9/v1' }, { name: 'Foreign' });
      const { id } = await create();
      for (const modelId of [uuidv7(), 'openai/no-such', 'nonsense', foreign.id, foreign.ref]) {
        for (const answer of [
          await admin.post(path, { ...answering, modelId }),
          await admin.patch(`${path}/${id}`, { modelId }),
        ])
          expect(expectRefusal(answer, modelId)).toMatchObject({
            code: 'NOT_FOUND',
            message: 'The model was not found.',
          });
      }
      const modelKey = `embed-${randomBytes(4).toString('hex')}`;
      const body = { providerId: 'openai', modelKey, displayName: 'Embed', purpose: 'embedding' };
      const made = expectStatus(await platformAdmin.post('/api/v1/models', body), 201);
      const refused = expectRefusal(await admin.patch(`${path}/${id}`, { modelId: made.id }), 'embedding');
      expect(refused).toMatchObject({
        code: 'MODEL_NOT_AVAILABLE',
        message: expect.stringContaining('for embedding, not for chat'),
      });
      expect(await read(id)).toMatchObject({ modelId: null, version: 1 });
    });

    it('a name that another agent of the team has, whatever its case, also at the same moment', async () => {
      await create({ name: 'Support' });
      const second = await create({ name: 'Sales' });
      for (const answer of [
        await admin.post(path, { ...answering, name: 'SUPPORT', variables: [company] }),
        await admin.patch(`${path}/${second.id}`, { name: 'sUpport' }),
      ])
        expect(expectRefusal(answer, 'taken')).toMatchObject({
          code: 'CONFLICT',
          message: expect.stringMatching(/support/i),
        });
      const race = await Promise.all(
        Array.from({ length: 5 }, () => admin.post(path, { name: 'Raced', instructions: 'x' })),
      );
      expect(race.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409, 409]);
      for (const answer of race.filter(({ status }) => status === 409))
        expect(expectRefusal(answer, 'race').message).toContain('Raced');
      expect(await listNames()).toEqual(['Raced', 'Sales', 'Support']);
      const elsewhere = await createTeam(platformAdmin);
      expectStatus(await elsewhere.post(path, { name: 'Support', instructions: 'x' }), 201);
    });

    it('members who would change one or read its history, and let them read it', async () => {
      const member = await addMember(app, admin);
      const { id } = await create();
      for (const answer of [
        await member.post(path, answering),
        await member.patch(`${path}/${id}`, { name: 'Mine' }),
        await member.delete(`${path}/${id}`),
        await member.get(`${path}/${id}/versions`),
        await member.post(`${path}/${id}/rollback`, { version: 1 }),
      ])
        expect(expectRefusal(answer, 'member')).toMatchObject({
          code: 'FORBIDDEN',
          details: { permission: 'agents.write' },
        });
      expect(expectStatus(await member.get(path)).items).toEqual([await read(id)]);
      expect(expectStatus(await member.get(`${path}/${id}`))).toMatchObject({ name: 'Agent', version: 1 });
    });

    it('whoever asks for an agent of another team, as if it had never been', async () => {
      const { id } = await create({ name: 'Hidden' });
      const other = await createTeam(await signUp(app));
      const never = uuidv7();
      for (const call of [
        (agentId: string) => other.get(`${path}/${agentId}`),
        (agentId: string) => other.patch(`${path}/${agentId}`, { name: 'Taken', version: 7 }),
        (agentId: string) => other.delete(`${path}/${agentId}`),
        (agentId: string) => other.get(`${path}/${agentId}/versions`),
        (agentId: string) => other.post(`${path}/${agentId}/rollback`, { version: 1 }),
      ]) {
        const [known, unknown] = [await call(id), await call(never)];
        expect(expectRefusal(known, 'foreign').code).toBe('NOT_FOUND');
        expect(textOf(known)).toBe(textOf(unknown));
      }
      expect(expectStatus(await other.get(path)).items).toEqual([]);
      expect(await read(id)).toMatchObject({ name: 'Hidden', version: 1 });
    });
  });

  describe('hold', () => {
    it('a name and instructions at least', async () => {
      const made = await create();
      expect(made).toEqual({
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        name: 'Agent',
        description: '',
        instructions: 'Answer.',
        modelId: null,
        settings: {},
        libraryIds: [],
        variables: [],
        version: 1,
        createdAt: expect.stringMatching(/Z$/),
        updatedAt: made.createdAt,
      });
      expect(await read(made.id)).toEqual(made);
    });

    it('everything else, at its limits', async () => {
      const variables = Array.from({ length: 50 }, (_, n) => ({
        name: `v${'x'.repeat(37)}${String(n).padStart(2, '0')}`,
        description: '€'.repeat(500),
        default: '{{userName}} '.padEnd(2_000, '\n'),
      }));
      const body = {
        name: '🙂'.repeat(100),
        description: 'd'.repeat(2_000),
        instructions: `{{${variables[0]?.name}}} {{ date }} \\{{ `.padEnd(50_000, 'x'),
        settings: { temperature: 0.5, providerOptions: { sandbox: { tokensPerSecond: 20 } } },
        variables,
        libraryIds: [],
      };
      const made = await create({ ...body, modelId: 'sandbox/echo' });
      expect(made).toMatchObject(body);
      expect(await read(made.id)).toEqual(made);
    });

    it('the id of a model, whether it is named by id or by reference, usable now or not', async () => {
      const { id: sandbox } = expectStatus(await admin.get('/api/v1/team-models/default'));
      const own = await addTeamProvider(admin, { baseUrl: 'http://127.0.0.1:9/v1' }, { name: 'Own' });
      const modelKey = `m-${randomBytes(4).toString('hex')}`;
      const catalogue = { providerId: 'openai', modelKey, displayName: 'M' };
      const unused = expectStatus(await platformAdmin.post('/api/v1/models', catalogue), 201);
      const { id } = await create();
      for (const [modelId, stored] of [
        ['sandbox/echo', sandbox],
        [sandbox, sandbox],
        [own.ref, own.id],
        [unused.ref, unused.id],
        [null, null],
      ])
        expect(expectStatus(await admin.patch(`${path}/${id}`, { modelId })).modelId).toBe(stored);
      expect((await read(id)).version).toBe(5); // the second name of one model changed nothing
    });

    it('a model that is gone, until another is named', async () => {
      const own = await addTeamProvider(admin, { baseUrl: 'http://127.0.0.1:9/v1' }, { name: 'Own' });
      const { id } = await create({ modelId: own.id });
      expectStatus(await admin.delete(`/api/v1/team-providers/${own.providerId}`), 204);
      const change = { description: 'Goes on', modelId: own.id };
      expect(expectStatus(await admin.patch(`${path}/${id}`, change))).toMatchObject({
        ...change,
        version: 2,
      });
      expect(expectStatus(await admin.patch(`${path}/${id}`, { modelId: null })).modelId).toBeNull();
      expect((await admin.patch(`${path}/${id}`, { modelId: own.id })).status).toBe(404);
    });
  });

  describe('are listed', () => {
    it('by name, whatever its case, page by page', async () => {
      for (const name of ['delta', 'Bravo', 'alpha', 'Echo', 'charlie', 'Éclair', 'zulu'])
        await create({ name });
      const whole = await listNames();
      expect(whole.slice(0, 5)).toEqual(['alpha', 'Bravo', 'charlie', 'delta', 'Echo']);
      const paged: string[] = [];
      let cursor = '';
      for (let page = 0; page < 4; page += 1) {
        const { items, nextCursor } = expectStatus(await admin.get(`${path}?limit=2${cursor}`));
        paged.push(...items.map(({ name }: { name: string }) => name));
        if (page < 3) expect(items).toHaveLength(2);
        cursor = `&cursor=${nextCursor}`;
        if (page === 3) expect(nextCursor).toBeUndefined();
      }
      expect(paged).toEqual(whole);
    });

    it('by a part of the name, in which nothing has a meaning of its own', async () => {
      for (const name of ['100% sure', '100 sure', 'a_b', 'aXb', 'back\\slash', 'Plain'])
        await create({ name });
      for (const [q, names] of [
        ['%', ['100% sure']],
        ['0%', ['100% sure']],
        ['_', ['a_b']],
        ['\\', ['back\\slash']],
        ['LAI', ['Plain']],
        ["' or true --", []],
        ['sure', ['100 sure', '100% sure']],
      ] as const)
        expect(await listNames(`?q=${encodeURIComponent(q)}`)).toEqual(names);
      const { nextCursor } = expectStatus(await admin.get(`${path}?q=SURE&limit=1`));
      expect(await listNames(`?q=SURE&limit=1&cursor=${nextCursor}`)).toEqual(['100% sure']);
    });
  });

  it('are the same over tRPC, refusals included', async () => {
    const trpc = trpcOf(admin, 'single');
    const made = await trpc.aiAgents.create.mutate({ ...answering, variables: [company] });
    const agentId = made.id;
    expect(await trpc.aiAgents.get.query({ agentId })).toEqual(await read(agentId));
    expect(await trpc.aiAgents.update.mutate({ agentId, description: 'New', version: 1 })).toMatchObject({
      description: 'New',
      instructions: answering.instructions,
      version: 2,
    });
    expect(await trpc.aiAgents.find.query({ q: 'supp' })).toEqual(expectStatus(await admin.get(path)));
    expect(await trpc.aiAgents.rollback.mutate({ agentId, version: 1 })).toMatchObject({
      description: '',
      version: 3,
    });
    const history = await trpc.aiAgents.findVersions.query({ agentId, limit: 2 });
    expect(history).toEqual(expectStatus(await admin.get(`${path}/${agentId}/versions?limit=2`)));

    for (const [rest, procedure] of [
      [
        admin.patch(`${path}/${agentId}`, { name: 'x', version: 1 }),
        trpc.aiAgents.update.mutate({ agentId, name: 'x', version: 1 }),
      ],
      [admin.post(path, { ...answering }), trpc.aiAgents.create.mutate({ ...answering })],
      [
        admin.post(`${path}/${agentId}/rollback`, { version: 9 }),
        trpc.aiAgents.rollback.mutate({ agentId, version: 9 }),
      ],
      [
        admin.get(`${path}/${made.id.replace(/.$/, 'z')}`),
        trpc.aiAgents.get.query({ agentId: made.id.replace(/.$/, 'z') }),
      ],
    ] as const) {
      const outcome = await restOutcome(rest);
      expect(outcome.code).not.toBe('OK');
      expect(await trpcOutcome(procedure)).toEqual(outcome);
    }
    expect(await trpc.aiAgents.delete.mutate({ agentId })).toBeUndefined();
    expect((await trpcOutcome(trpc.aiAgents.get.query({ agentId }))).code).toBe('NOT_FOUND');
  });
});
