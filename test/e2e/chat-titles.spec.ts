import { Database } from '../../src/platform/database';
import { startTestApp, type TestApp } from '../support/app';
import { createSession, createTeam, say, signUp, type Answer, type Client } from '../support/client';
import { addTeamProvider, expectStatus, listExecutions } from '../support/providers';
import { eventually } from '../support/streams';
import { startWireServer, type WireServer } from '../support/wire';

const sessionsPath = '/api/v1/chat/sessions';

/** Long enough for a helper that is going to do something to have done it. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 400));

describe('the title of a conversation', () => {
  let app: TestApp;
  let owner: Client & { teamId: string };
  let answers: WireServer;
  let helper: WireServer;
  let modelId: string;

  beforeAll(async () => {
    app = await startTestApp();
    owner = await createTeam(await signUp(app));
    [answers, helper] = [await startWireServer('openai'), await startWireServer('openai')];
    modelId = (await addTeamProvider(owner, answers, { name: 'answers' })).ref;
    const { ref } = await addTeamProvider(owner, helper, { name: 'helper', titles: true });
    await configure({ helperModelId: ref });
  }, 60_000);

  beforeEach(() => {
    answers.reset();
    helper.reset();
    helper.always({ reply: { text: '# "Rain in **Lisbon**"\nHere you are.' } });
  });

  afterAll(async () => {
    await app.close();
    await answers.close();
    await helper.close();
  });

  const configure = async (config: object, client: Client = owner): Promise<void> =>
    void expectStatus(await client.put('/api/v1/app-config/chat/team', { config }));

  const get = async (id: string, client: Client = owner): Promise<Answer['body']> =>
    expectStatus(await client.get(`${sessionsPath}/${id}`));

  const titled = (id: string, title: string): Promise<Answer['body']> =>
    eventually(async () => {
      const session = await get(id);
      return session.title === title && session;
    });

  describe('stays as it is', () => {
    it('where a person gave it, when the conversation began', async () => {
      const id = await createSession(owner, { modelId, title: 'Mine' });
      await say(owner, id, { text: 'Will it rain in Lisbon?' });
      await pause();
      expect((await get(id)).title).toBe('Mine');
      expect(helper.requests).toHaveLength(0);
    });

    it('where a person gives it while the model still thinks of one', async () => {
      helper.always({ reply: { text: 'Too late', chunkDelayMs: 300 } });
      const id = await createSession(owner, { modelId });
      await say(owner, id, { text: 'Will it rain in Lisbon?' });
      await eventually(async () => helper.requests.length > 0);
      expectStatus(await owner.patch(`${sessionsPath}/${id}`, { title: 'Mine' }));
      const execution = await eventually(async () => {
        const [latest] = await listExecutions(owner);
        return latest.modelRef.endsWith('helper-model') && latest.outcome === 'completed' && latest;
      });
      expect(execution.appId).toBe('chat');
      await pause();
      expect((await get(id)).title).toBe('Mine');
    });

    it('where a person takes it away, before the first message or while the model still thinks of one', async () => {
      helper.always({ reply: { text: 'Too late', chunkDelayMs: 300 } });
      const before = await createSession(owner, { modelId });
      expectStatus(await owner.patch(`${sessionsPath}/${before}`, { title: '' }));
      await say(owner, before, { text: 'Will it rain in Lisbon?' });
      await pause();
      expect(helper.requests).toHaveLength(0);

      const meanwhile = await createSession(owner, { modelId });
      await say(owner, meanwhile, { text: 'Will it rain in Lisbon?' });
      await eventually(async () => helper.requests.length > 0);
      expect(expectStatus(await owner.patch(`${sessionsPath}/${meanwhile}`, { title: '' })).title).toBe('');
      await eventually(async () => {
        const [latest] = await listExecutions(owner);
        return latest.modelRef.endsWith('helper-model') && latest.outcome === 'completed';
      });
      await pause();
      await say(owner, meanwhile, { text: 'And tomorrow?' });
      await pause();
      expect(helper.requests).toHaveLength(1);
      for (const id of [before, meanwhile]) {
        expect((await get(id)).title).toBe('');
        const { rows } = await app.nest
          .get(Database)
          .pool.query('select title_source from chat_session where id = $1', [id]);
        expect(rows).toEqual([{ title_source: 'user' }]);
      }
    });

    it('where the team wants none', async () => {
      await configure({ generatedTitles: false });
      const id = await createSession(owner, { modelId });
      await say(owner, id, { text: 'Will it rain in Lisbon?' });
      await pause();
      await configure({ generatedTitles: true });
      expect(helper.requests).toHaveLength(0);
      expect((await get(id)).title).toBe('Will it rain in Lisbon?');
    });

    it('where the helper fails, and the user sees nothing of it', async () => {
      for (const behaviour of [
        { fail: { status: 500, message: 'down' } },
        { reply: { text: ' **** \n\n' } },
        { drop: true },
      ] as const) {
        helper.reset();
        helper.always(behaviour);
        const id = await createSession(owner, { modelId });
        const said = await say(owner, id, { text: 'Will it rain in Lisbon?' });
        expect(said.status).toBe(200);
        expect(said.chunks.filter(({ type }) => type === 'error')).toEqual([]);
        await eventually(async () => helper.requests.length > 0);
        await pause();
        expect((await get(id)).title).toBe('Will it rain in Lisbon?');
      }
    });

    it('where the only model is the sandbox: nothing is called, and nothing booked', async () => {
      const team = await createTeam(await signUp(app));
      const id = await createSession(team);
      await say(team, id, { text: 'Will it rain in Lisbon?' });
      await pause();
      expect((await get(id, team)).title).toBe('Will it rain in Lisbon?');
      expect(await listExecutions(team)).toHaveLength(1);
    });
  });

  it('comes from a model after the first answer, clean, and booked; the conversation does not move in the list', async () => {
    const id = await createSession(owner, { modelId });
    await say(owner, id, { text: 'Will it rain </message> in Lisbon?' });
    const { updatedAt } = await titled(id, 'Rain in Lisbon');
    const { items } = expectStatus(await owner.get(`${sessionsPath}/${id}/messages`));
    expect(updatedAt).toBe(items[0].createdAt);
    const { messages, max_tokens: maxTokens } = helper.requests[0]!.body as {
      messages: { role: string; content: string }[];
      max_tokens: number;
    };
    expect(maxTokens).toBe(1_000);
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user']);
    expect(messages[1]!.content).toContain('Will it rain [/message] in Lisbon?');
    const [latest] = await eventually(async () => {
      const found = await listExecutions(owner);
      return found[0].outcome === 'completed' && found;
    });
    expect(latest).toMatchObject({ appId: 'chat', userId: owner.userId, usage: { source: 'provider' } });
    await say(owner, id, { text: 'And tomorrow?' });
    await pause();
    expect(helper.requests).toHaveLength(1);
  });

  it('is not in the way: the answer ends, and the next begins, while a helper hangs', async () => {
    helper.always({ hang: true });
    const id = await createSession(owner, { modelId });
    expect((await say(owner, id, { text: 'One' })).status).toBe(200);
    await eventually(async () => helper.requests.length > 0);
    expect((await say(owner, id, { text: 'Two' })).status).toBe(200);
    expect((await owner.delete(`${sessionsPath}/${id}`)).status).toBe(204);
  });

  it('is of the cheapest model that the team has enabled, where none is named', async () => {
    const team = await createTeam(await signUp(app));
    const only = await addTeamProvider(team, helper, { name: 'only', titles: true });
    const id = await createSession(team, { modelId: 'sandbox/echo' });
    await say(team, id, { text: 'Will it rain in Lisbon?' });
    await eventually(async () => (await get(id, team)).title === 'Rain in Lisbon');
    expect((await listExecutions(team)).map(({ modelRef }) => modelRef)).toEqual([only.ref, 'sandbox/echo']);
  });

  it('is abandoned when the server stops, at once', async () => {
    const own = await startTestApp();
    const team = await createTeam(await signUp(own));
    helper.always({ hang: true });
    await addTeamProvider(team, helper, { name: 'helper', titles: true });
    const id = await createSession(team, { modelId: 'sandbox/echo' });
    await say(team, id, { text: 'Will it rain in Lisbon?' });
    await eventually(async () => helper.requests.length > 0);
    const startedAt = performance.now();
    await own.close();
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(own.logs.filter((line) => line.includes('"level":50'))).toEqual([]);
  });
});
