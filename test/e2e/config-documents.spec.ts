import { appRegistry, type TeamId, type UserId } from '@kdx/shared';
import { z } from 'zod';
import { TeamTransaction } from '../../src/platform/database';
import { startTestApp, type TestApp } from '../support/app';
import { addMember, createSession, createTeam, say, signUp, type Client } from '../support/client';
import { restOutcome, trpcOf, trpcOutcome, type Outcome } from '../support/trpc';

/** A document as an answer shows it. */
interface Shown {
  config: Record<string, unknown>;
  version: number;
  updatedAt: string | null;
  problems?: { field: string; problem: string }[];
}

type Level = 'team' | 'user';

/** The generic endpoints over one transport. `save` answers the document or what it was refused with. */
interface Door {
  read: (client: Client, appId: string, level: Level) => Promise<Shown>;
  tryRead: (client: Client, appId: string, level: Level) => Promise<Outcome>;
  save: (
    client: Client,
    appId: string,
    level: Level,
    input: { config: unknown; version?: unknown },
  ) => Promise<Shown>;
  trySave: (client: Client, appId: string, level: Level, input: object) => Promise<Outcome>;
}

const pathOf = (appId: string, level: Level) =>
  `/api/v1/app-config/${appId}/${level === 'team' ? 'team' : 'me'}`;

const rest: Door = {
  read: async (client, appId, level) => (await client.get(pathOf(appId, level))).body,
  tryRead: (client, appId, level) => restOutcome(client.get(pathOf(appId, level))),
  save: async (client, appId, level, input) => (await client.put(pathOf(appId, level), input)).body,
  trySave: (client, appId, level, input) => restOutcome(client.put(pathOf(appId, level), input)),
};

const readByTrpc = (client: Client, appId: string, level: Level): Promise<Shown> => {
  const { app } = trpcOf(client);
  return level === 'team' ? app.getAppTeamConfig.query({ appId }) : app.getUserAppTeamConfig.query({ appId });
};

const saveByTrpc = (client: Client, appId: string, level: Level, input: object): Promise<Shown> => {
  const { app } = trpcOf(client);
  const given = { appId, ...input } as { appId: string; config: Record<string, unknown> }; // what does not fit is given on purpose
  return level === 'team' ? app.saveAppTeamConfig.mutate(given) : app.saveUserAppTeamConfig.mutate(given);
};

const trpc: Door = {
  read: readByTrpc,
  tryRead: (client, appId, level) => trpcOutcome(readByTrpc(client, appId, level)),
  save: saveByTrpc,
  trySave: (client, appId, level, input) => trpcOutcome(saveByTrpc(client, appId, level, input)),
};

const doors: [string, Door][] = [
  ['REST', rest],
  ['tRPC', trpc],
];

const documents: [Level, string, object][] = [
  ['team', 'aiStudio', { teamInstructions: { enabled: false, content: '', appliesTo: 'all' } }],
  ['user', 'aiStudio', { language: null, userInstructions: { enabled: false, content: '' } }],
  ['team', 'chat', { agentSwitching: 'locked', generatedTitles: true, helperModelId: null }],
  ['user', 'chat', { defaultModelId: null }],
];

// A third app. This is all that it takes.
const notes = z.strictObject({
  colour: z.enum(['red', 'green', 'blue']).default('red'),
  labels: z.array(z.string().max(20)).max(5).default([]),
  page: z
    .strictObject({ size: z.number().int().min(1).max(100).default(20), wide: z.boolean().default(false) })
    .prefault({}),
  text: z.string().default(''),
});
const notesDefaults = { colour: 'red', labels: [], page: { size: 20, wide: false }, text: '' };

appRegistry.register({
  id: 'notes',
  displayName: 'Notes',
  team: {
    version: 3,
    schema: notes,
    upgrade: {
      1: ({ color, ...rest }) => ({ ...rest, ...(color === undefined ? {} : { colour: color }) }),
      2: ({ pageSize, ...rest }) => ({
        ...rest,
        ...(pageSize === undefined ? {} : { page: { size: pageSize } }),
      }),
    },
  },
  user: { version: 1, schema: notes },
});
appRegistry.register({ id: 'teamOnly', displayName: 'Team only', team: { version: 1, schema: notes } });

describe('the configuration of an app', () => {
  let app: TestApp;
  let owner: Client & { teamId: string };
  let member: Client;

  beforeAll(async () => {
    app = await startTestApp();
    await signUp(app); // the platform admin, who is somebody else
    owner = await newTeam();
    member = await addMember(app, owner);
  });

  afterAll(() => app.close());

  const newTeam = async () => createTeam(await signUp(app));

  /** Writes a row as an older or a broken release would have left it. */
  async function store(
    client: Client,
    appId: string,
    level: Level,
    config: object,
    schemaVersion: number,
  ): Promise<void> {
    const scope = { teamId: client.teamId as TeamId, userId: client.userId as UserId };
    const values = [scope.teamId, appId, JSON.stringify(config), schemaVersion, scope.userId];
    await app.nest
      .get(TeamTransaction)
      .run(scope, (manager) =>
        manager.query(
          level === 'team'
            ? `insert into app_team_config (team_id, app_id, config, schema_version, version, updated_at, updated_by) values ($1, $2, $3, $4, 7, now(), $5)`
            : `insert into user_app_team_config (team_id, app_id, config, schema_version, version, updated_at, user_id) values ($1, $2, $3, $4, 7, now(), $5)`,
          values,
        ),
      );
  }

  describe.each(doors)('over %s', (_, door) => {
    describe('is refused', () => {
      it.each(['nonsense', '__proto__', 'constructor', 'Chat', 'chat ', "chat' or true"])(
        'for the app "%s", which nobody registered',
        async (appId) => {
          const id = door === rest ? encodeURIComponent(appId) : appId;
          for (const level of ['team', 'user'] as const) {
            expect(await door.tryRead(owner, id, level)).toEqual({
              code: 'NOT_FOUND',
              message: 'The app was not found.',
            });
            expect((await door.trySave(owner, id, level, { config: {} })).code).toBe('NOT_FOUND');
          }
        },
      );

      it('where the app has none of that level', async () => {
        expect((await door.tryRead(owner, 'teamOnly', 'team')).code).toBe('OK');
        expect((await door.tryRead(owner, 'teamOnly', 'user')).code).toBe('NOT_FOUND');
        expect((await door.trySave(owner, 'teamOnly', 'user', { config: {} })).code).toBe('NOT_FOUND');
      });

      it('to a member who wants to write for the team, who reads it all the same', async () => {
        expect(
          (await door.trySave(member, 'chat', 'team', { config: { agentSwitching: 'allowed' } })).code,
        ).toBe('FORBIDDEN');
        expect(await door.read(member, 'chat', 'team')).toMatchObject({
          config: { agentSwitching: 'locked' },
          version: 0,
        });
      });

      it.each([
        ['an unknown key', { bogus: 1 }, 'config.bogus'],
        ['an unknown key inside', { page: { bogus: 1 } }, 'config.page.bogus'],
        ['a wrong type', { text: 5 }, 'config.text'],
        ['a wrong type inside', { page: { size: '20' } }, 'config.page.size'],
        ['a number out of range', { page: { size: 101 } }, 'config.page.size'],
        ['a negative number', { page: { size: -1 } }, 'config.page.size'],
        ['a fraction where there is none', { page: { size: 1.5 } }, 'config.page.size'],
        ['a value that is not offered', { colour: 'pink' }, 'config.colour'],
        ['a list that is too long', { labels: ['1', '2', '3', '4', '5', '6'] }, 'config.labels'],
        ['an item of a wrong type', { labels: ['1', 2] }, 'config.labels.1'],
        ['an object where a list is', { labels: { 0: 'a' } }, 'config.labels'],
        ['a text where an object is', { page: 'wide' }, 'config.page'],
        ['a key of every object', { page: { toString: 1 } }, 'config.page'],
        ['a NUL', { text: 'a\0b' }, 'config.text'],
        ['half of a surrogate pair', { text: '\ud83d' }, 'config.text'],
      ])('with %s, and the refusal names the field', async (__, config, field) => {
        for (const level of ['team', 'user'] as const) {
          const outcome = await door.trySave(owner, 'notes', level, { config });
          expect(outcome).toMatchObject({ code: 'VALIDATION_FAILED', details: { fields: [{ field }] } });
          expect(outcome.message).toContain(field);
          expect((await door.read(owner, 'notes', level)).version).toBe(0);
        }
      });

      it('with several faults, naming each', async () => {
        const outcome = await door.trySave(owner, 'notes', 'team', {
          config: { text: 5, bogus: 1, page: { wide: 'yes' } },
        });
        const fields = (outcome.details as { fields: { field: string }[] }).fields.map(({ field }) => field);
        expect(fields.toSorted()).toEqual(['config.bogus', 'config.page.wide', 'config.text']);
      });

      it.each([
        ['no document', {}, 'config'],
        ['null for a document', { config: null }, 'config'],
        ['a list for a document', { config: [] }, 'config'],
        ['a text for a document', { config: 'x' }, 'config'],
        ['a negative version', { config: {}, version: -1 }, 'version'],
        ['half a version', { config: {}, version: 1.5 }, 'version'],
        ['a text for a version', { config: {}, version: '0' }, 'version'],
        ['null for a version', { config: {}, version: null }, 'version'],
        ['an unknown field beside it', { config: {}, schemaVersion: 9 }, 'schemaVersion'],
      ])('with %s', async (__, input, field) => {
        const outcome = await door.trySave(owner, 'notes', 'team', input);
        expect(outcome).toMatchObject({
          code: 'VALIDATION_FAILED',
          details: { fields: expect.arrayContaining([expect.objectContaining({ field })]) },
        });
      });

      it('with instructions that are too long, and with a document that is', async () => {
        const long = { teamInstructions: { content: 'x'.repeat(20_001) } };
        expect(await door.trySave(owner, 'aiStudio', 'team', { config: long })).toMatchObject({
          code: 'VALIDATION_FAILED',
          details: { fields: [{ field: 'config.teamInstructions.content' }] },
        });
        const outcome = await door.trySave(owner, 'notes', 'user', { config: { text: 'x'.repeat(300_000) } });
        expect(outcome).toMatchObject({
          code: 'VALIDATION_FAILED',
          details: { fields: [{ field: 'config' }] },
        });
      });

      it('where the version is not the one that is stored, and says which is', async () => {
        const team = await newTeam();
        expect((await door.trySave(team, 'notes', 'team', { config: {}, version: 1 })).code).toBe('CONFLICT');
        await door.save(team, 'notes', 'team', { config: { text: 'first' }, version: 0 });
        await door.save(team, 'notes', 'team', { config: { text: 'second' }, version: 1 });
        for (const version of [0, 1, 3]) {
          const outcome = await door.trySave(team, 'notes', 'team', { config: { text: 'stale' }, version });
          expect(outcome).toMatchObject({ code: 'CONFLICT', details: { version: 2 } });
        }
        expect(await door.read(team, 'notes', 'team')).toMatchObject({
          config: { text: 'second' },
          version: 2,
        });
      });
    });

    it.each(documents)('begins with the defaults: %s configuration of %s', async (level, appId, config) => {
      expect(await door.read(await newTeam(), appId, level)).toEqual({ config, version: 0, updatedAt: null });
    });

    it('is merged into what is stored: what is left out stays, null goes back to the default, a list is replaced', async () => {
      const team = await newTeam();
      for (const level of ['team', 'user'] as const) {
        const save = (config: object) => door.save(team, 'notes', level, { config });
        expect((await save({ colour: 'blue', labels: ['a', 'b'] })).config).toEqual({
          ...notesDefaults,
          colour: 'blue',
          labels: ['a', 'b'],
        });
        expect((await save({ page: { size: 50 } })).config).toMatchObject({
          colour: 'blue',
          page: { size: 50, wide: false },
        });
        expect((await save({ page: { wide: true }, labels: ['c'] })).config).toMatchObject({
          page: { size: 50, wide: true },
          labels: ['c'],
        });
        expect((await save({ page: { size: null }, colour: null })).config).toMatchObject({
          colour: 'red',
          page: { size: 20, wide: true },
        });
        expect((await save({ page: null })).config).toEqual({ ...notesDefaults, labels: ['c'] });
        const last = await save({});
        expect(last).toMatchObject({ version: 6, updatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) });
        expect(await door.read(team, 'notes', level)).toEqual(last);
      }
    });

    it('counts on with each save, and takes the version that was read', async () => {
      const team = await newTeam();
      for (const version of [0, 1, 2]) {
        expect(
          (await door.save(team, 'chat', 'team', { config: { agentSwitching: 'allowed' }, version })).version,
        ).toBe(version + 1);
      }
    });

    it('is one document for the whole team, and one of its own for each user in each team', async () => {
      const team = await newTeam();
      const [one, other] = [await addMember(app, team), await addMember(app, team)];
      await door.save(team, 'notes', 'team', { config: { text: 'for all' } });
      await door.save(one, 'notes', 'user', { config: { text: 'mine' } });
      expect((await door.read(other, 'notes', 'team')).config.text).toBe('for all');
      expect(await door.read(other, 'notes', 'user')).toMatchObject({ config: notesDefaults, version: 0 });
      const elsewhere = await createTeam(one);
      expect(await door.read(elsewhere, 'notes', 'user')).toMatchObject({
        config: notesDefaults,
        version: 0,
      });
      expect(await door.read(elsewhere, 'notes', 'team')).toMatchObject({
        config: notesDefaults,
        version: 0,
      });
      expect((await door.read(one, 'notes', 'user')).config.text).toBe('mine');
      expect((await door.read(one, 'teamOnly', 'team')).version).toBe(0);
    });
  });

  describe('saved by several at the same moment', () => {
    const patches = [
      { colour: 'green' },
      { labels: ['x'] },
      { page: { size: 5 } },
      { page: { wide: true } },
      { text: 'said' },
    ];
    const all = { colour: 'green', labels: ['x'], page: { size: 5, wide: true }, text: 'said' };

    it.each(['team', 'user'] as const)(
      'for the first time (%s): loses none of it and counts each once',
      async (level) => {
        const team = await newTeam();
        const saved = await Promise.all(
          patches.map((config, index) => (index % 2 ? rest : trpc).save(team, 'notes', level, { config })),
        );
        expect(saved.map(({ version }) => version).toSorted()).toEqual([1, 2, 3, 4, 5]);
        expect(await rest.read(team, 'notes', level)).toMatchObject({ version: 5, config: all });
      },
    );

    it.each(['team', 'user'] as const)(
      'with the version that all of them read (%s): lets one through',
      async (level) => {
        const team = await newTeam();
        for (const version of [0, 1]) {
          const outcomes = await Promise.all(
            patches.map((config) => rest.trySave(team, 'notes', level, { config, version })),
          );
          expect(outcomes.map(({ code }) => code).toSorted()).toEqual([
            'CONFLICT',
            'CONFLICT',
            'CONFLICT',
            'CONFLICT',
            'OK',
          ]);
        }
        expect((await rest.read(team, 'notes', level)).version).toBe(2);
      },
    );

    it('by two users for themselves: neither waits for nor overwrites the other', async () => {
      const team = await newTeam();
      const people = [team, await addMember(app, team), await addMember(app, team)];
      const saved = await Promise.all(
        people.map((person, index) =>
          rest.save(person, 'notes', 'user', { config: { text: `${index}` }, version: 0 }),
        ),
      );
      expect(saved.map(({ version, config }) => [version, config.text])).toEqual([
        [1, '0'],
        [1, '1'],
        [1, '2'],
      ]);
    });
  });

  describe('stored under another version of its schema', () => {
    it('is upgraded step by step, and stored under the new one when it is saved', async () => {
      const team = await newTeam();
      await store(team, 'notes', 'team', { color: 'blue', pageSize: 33, text: 'old' }, 1);
      const expected = {
        config: { ...notesDefaults, colour: 'blue', page: { size: 33, wide: false }, text: 'old' },
        version: 7,
      };
      for (const [, door] of doors)
        expect(await door.read(team, 'notes', 'team')).toEqual({
          ...expected,
          updatedAt: expect.any(String),
        });

      const saved = await rest.save(team, 'notes', 'team', { config: { labels: ['new'] }, version: 7 });
      expect(saved).toMatchObject({ config: { ...expected.config, labels: ['new'] }, version: 8 });
      expect(await storedVersion(team)).toBe(3);
    });

    it('begins at its own version: what was renamed before is not asked for again', async () => {
      const team = await newTeam();
      await store(team, 'notes', 'team', { colour: 'green', pageSize: 44 }, 2);
      expect((await rest.read(team, 'notes', 'team')).config).toMatchObject({
        colour: 'green',
        page: { size: 44 },
      });
    });

    it('is left alone where it is newer than this server, which says so', async () => {
      const team = await newTeam();
      await store(team, 'notes', 'team', { text: 'from the future' }, 4);
      for (const [, door] of doors) {
        const shown = await door.read(team, 'notes', 'team');
        expect(shown).toMatchObject({ config: { text: 'from the future' }, version: 7 });
        expect(shown.problems).toEqual([{ field: '', problem: expect.stringContaining('version 4') }]);
        expect((await door.trySave(team, 'notes', 'team', { config: { text: 'overwritten' } })).code).toBe(
          'CONFLICT',
        );
      }
      expect(await rest.read(team, 'notes', 'team')).toMatchObject({
        config: { text: 'from the future' },
        version: 7,
      });
      expect(await storedVersion(team)).toBe(4);
    });

    async function storedVersion(team: Client): Promise<number> {
      const rows = await app.nest
        .get(TeamTransaction)
        .run({ teamId: team.teamId as TeamId }, (manager) =>
          manager.query<{ schema_version: number }[]>('select schema_version from app_team_config'),
        );
      return rows[0]!.schema_version;
    }
  });

  describe('stored in a form that no longer fits', () => {
    const broken = { teamInstructions: { enabled: 'yes', content: 'kept', gone: true } };

    it('is shown as it is, with what is wrong with it, and nothing of it is dropped', async () => {
      const team = await newTeam();
      await store(team, 'aiStudio', 'team', broken, 1);
      for (const [, door] of doors) {
        const shown = await door.read(team, 'aiStudio', 'team');
        expect(shown).toMatchObject({ config: broken, version: 7 });
        expect(shown.problems?.map(({ field }) => field).toSorted()).toEqual([
          'teamInstructions.enabled',
          'teamInstructions.gone',
        ]);
        const outcome = await door.trySave(team, 'aiStudio', 'team', {
          config: { teamInstructions: { content: 'new' } },
        });
        expect(outcome.code).toBe('VALIDATION_FAILED');
      }
      expect((await rest.read(team, 'aiStudio', 'team')).config).toEqual(broken);
    });

    it('makes chat refuse to answer by half of it, until it was mended', async () => {
      const team = await newTeam();
      const colleague = await addMember(app, team);
      await store(team, 'aiStudio', 'team', broken, 1);
      for (const person of [team, colleague]) {
        const session = await createSession(person);
        const refused = await say(person, session, { text: 'Hello' });
        expect([refused.status, refused.body.error.code]).toEqual([409, 'CONFLICT']);
        expect(refused.body.error.details).toMatchObject({ appId: 'aiStudio', level: 'team' });
        expect((await person.get(`/api/v1/chat/sessions/${session}/messages`)).body.items).toEqual([]);
        expect((await restOutcome(person.get('/api/v1/prompts/preview'))).code).toBe('CONFLICT');
      }

      const mended = { teamInstructions: { enabled: true, gone: null } };
      expect((await rest.save(team, 'aiStudio', 'team', { config: mended })).config).toEqual({
        teamInstructions: { enabled: true, content: 'kept', appliesTo: 'all' },
      });
      const answer = await say(colleague, await createSession(colleague), { text: 'Hello' });
      expect(answer.text).toContain('kept');
    });

    it("stops nobody else where it is one user's own", async () => {
      const team = await newTeam();
      const colleague = await addMember(app, team);
      await store(colleague, 'aiStudio', 'user', { userInstructions: 'always be brief' }, 1);
      const refused = await say(colleague, await createSession(colleague), { text: 'Hello' });
      expect(refused.body.error).toMatchObject({ code: 'CONFLICT', details: { level: 'user' } });
      expect((await say(team, await createSession(team), { text: 'Hello' })).status).toBe(200);
    });

    it('of Chat itself makes chat refuse as well', async () => {
      const team = await newTeam();
      await store(team, 'chat', 'user', { defaultModelId: 5 }, 1);
      const refused = await say(team, await createSession(team), { text: 'Hello' });
      expect(refused.body.error).toMatchObject({
        code: 'CONFLICT',
        details: { appId: 'chat', level: 'user' },
      });
    });
  });
});
