import { v7 as uuidv7 } from 'uuid';
import { startTestApp, type TestApp } from '../support/app';
import {
  addMember,
  createSession,
  createTeam,
  say,
  signUp,
  type Answer,
  type Client,
} from '../support/client';
import { allScopes, createApiKey } from '../support/api-keys';
import { openAnswer, slowly } from '../support/streams';
import { textOf, trpcOf } from '../support/trpc';

/** Everything that a team has of its own, with the ids by which somebody else could ask for it. */
interface Belongings {
  owner: Client & { teamId: string };
  /** A member of the same team with conversations of their own. */
  member: Client;
  providerId: string;
  modelId: string;
  modelRef: string;
  sessionId: string;
  memberSessionId: string;
  messageId: string;
  agentId: string;
  executionId: string;
}

type Call = (client: Client, id: string) => Promise<Answer>;

describe('what belongs to others', () => {
  let app: TestApp;
  let ours: Belongings;
  let theirs: Belongings;

  beforeAll(async () => {
    app = await startTestApp();
    await signUp(app); // the platform admin, who is somebody else
    ours = await makeBelongings('ours');
    theirs = await makeBelongings('theirs');
  });

  afterAll(() => app.close());

  async function makeBelongings(name: string): Promise<Belongings> {
    const owner = await createTeam(await signUp(app));
    const member = await addMember(app, owner);
    const provider = await owner.post('/api/v1/team-providers', {
      displayName: `Endpoint of ${name}`,
      baseUrl: 'http://127.0.0.1:9/v1',
      models: [{ modelKey: 'small', displayName: `Small of ${name}` }],
    });
    const [model] = provider.body.models;
    await owner.put(`/api/v1/tokens/${provider.body.id}`, { token: `sk-endpoint-of-${name}` });
    await owner.put('/api/v1/tokens/openai', { token: `sk-openai-of-${name}` });
    await owner.patch(`/api/v1/team-models/${model.id}`, { enabled: true, settings: { temperature: 0.5 } });
    const team = { teamInstructions: { enabled: true, content: `Secret of ${name}` } };
    await owner.put('/api/v1/app-config/aiStudio/team', { config: team });
    await owner.put('/api/v1/app-config/aiStudio/me', {
      config: { userInstructions: { enabled: true, content: `Mine of ${name}` } },
    });
    const agent = { name: `Agent of ${name}`, instructions: `Told to the agent of ${name}` };
    const { id: agentId } = (await owner.post('/api/v1/agents', { ...agent, modelId: model.id })).body;
    const sessionId = await createSession(owner, { title: `Session of ${name}` });
    const memberSessionId = await createSession(member, { title: `Session of a member of ${name}` });
    for (const [client, id] of [
      [owner, sessionId],
      [member, memberSessionId],
    ] as const) {
      expect((await say(client, id, { text: `Said in ${name}` })).status).toBe(200);
    }
    const messages = await owner.get(`/api/v1/chat/sessions/${sessionId}/messages`);
    return {
      owner,
      member,
      providerId: provider.body.id,
      modelId: model.id,
      modelRef: model.ref,
      sessionId,
      memberSessionId,
      messageId: messages.body.items[1].id,
      agentId,
      executionId: messages.body.items[1].executionId,
    };
  }

  /** All that the owner and the member of a team can see: compared before and after. */
  async function photograph({
    owner,
    member,
    sessionId,
    memberSessionId,
    agentId,
  }: Belongings): Promise<string[]> {
    const paths = [
      'providers',
      'team-models',
      'tokens',
      'agents',
      `agents/${agentId}/versions`,
      'executions',
      'app-config/aiStudio/team',
      'app-config/aiStudio/me',
      'chat/sessions',
      'prompts/preview',
    ];
    const seen = [
      ...paths.map((path) => owner.get(`/api/v1/${path}`)),
      owner.get(`/api/v1/chat/sessions/${sessionId}/messages`),
      member.get('/api/v1/chat/sessions'),
      member.get(`/api/v1/chat/sessions/${memberSessionId}/messages`),
    ];
    const answers = await Promise.all(seen);
    for (const { status } of answers) expect(status).toBe(200);
    return answers.map(({ text }) => text);
  }

  /** A call with somebody else's id answers, byte for byte, what it answers with an id that never was. */
  async function expectNotThere(call: Call, client: Client, id: string, never: string): Promise<void> {
    const [known, unknown] = [await call(client, id), await call(client, never)];
    expect(textOf(known)).toContain('"NOT_FOUND"');
    expect(textOf(known).replaceAll(id, '<id>')).toBe(textOf(unknown).replaceAll(never, '<id>'));
  }

  const sendMessage = (sessionId: string) => ({ sessionId, text: 'Let me in' });

  const sessionCalls: Record<string, Call> = {
    'GET chat/sessions/:id': (client, id) => client.get(`/api/v1/chat/sessions/${id}`),
    'PATCH chat/sessions/:id': (client, id) =>
      client.patch(`/api/v1/chat/sessions/${id}`, { title: 'taken over' }),
    'PATCH chat/sessions/:id without a change': (client, id) =>
      client.patch(`/api/v1/chat/sessions/${id}`, {}),
    'DELETE chat/sessions/:id': (client, id) => client.delete(`/api/v1/chat/sessions/${id}`),
    'GET chat/sessions/:id/messages': (client, id) => client.get(`/api/v1/chat/sessions/${id}/messages`),
    'POST chat/sessions/:id/messages': (client, id) =>
      client.post(`/api/v1/chat/sessions/${id}/messages`, { text: 'Let me in' }),
    'GET chat/sessions/:id/stream': (client, id) => client.get(`/api/v1/chat/sessions/${id}/stream`),
    'POST chat/sessions/:id/stop': (client, id) => client.post(`/api/v1/chat/sessions/${id}/stop`),
    'chat.getSession': (client, sessionId) => client.query('chat.getSession', { sessionId }),
    'chat.updateSession': (client, sessionId) =>
      client.mutate('chat.updateSession', { sessionId, title: 'taken over' }),
    'chat.deleteSession': (client, sessionId) => client.mutate('chat.deleteSession', { sessionId }),
    'chat.getMessages': (client, sessionId) => client.query('chat.getMessages', { sessionId }),
    'chat.sendMessage': (client, sessionId) => client.query('chat.sendMessage', sendMessage(sessionId)),
    'chat.stop': (client, sessionId) => client.mutate('chat.stop', { sessionId }),
  };

  const providerCalls: Record<string, Call> = {
    'PATCH team-providers/:id': (client, id) =>
      client.patch(`/api/v1/team-providers/${id}`, { displayName: 'taken over' }),
    'PATCH team-providers/:id with models': (client, id) =>
      client.patch(`/api/v1/team-providers/${id}`, { models: [{ modelKey: 'mine', displayName: 'Mine' }] }),
    'DELETE team-providers/:id': (client, id) => client.delete(`/api/v1/team-providers/${id}`),
    'PUT tokens/:id': (client, id) => client.put(`/api/v1/tokens/${id}`, { token: 'sk-taken-over-0001' }),
    'POST tokens/:id/test': (client, id) => client.post(`/api/v1/tokens/${id}/test`),
    'DELETE tokens/:id': (client, id) => client.delete(`/api/v1/tokens/${id}`),
    'aiProviders.updateForTeam': (client, providerId) =>
      client.mutate('aiProviders.updateForTeam', { providerId, displayName: 'taken over' }),
    'aiProviders.deleteForTeam': (client, providerId) =>
      client.mutate('aiProviders.deleteForTeam', { providerId }),
    'aiTokens.save': (client, providerId) =>
      client.mutate('aiTokens.save', { providerId, token: 'sk-taken-over-0001' }),
    'aiTokens.test': (client, providerId) => client.mutate('aiTokens.test', { providerId }),
    'aiTokens.removeByProvider': (client, providerId) =>
      client.mutate('aiTokens.removeByProvider', { providerId }),
  };

  const agentCalls: Record<string, Call> = {
    'GET agents/:id': (client, id) => client.get(`/api/v1/agents/${id}`),
    'PATCH agents/:id': (client, id) => client.patch(`/api/v1/agents/${id}`, { name: 'taken over' }),
    'PATCH agents/:id without a change': (client, id) => client.patch(`/api/v1/agents/${id}`, {}),
    'DELETE agents/:id': (client, id) => client.delete(`/api/v1/agents/${id}`),
    'GET agents/:id/versions': (client, id) => client.get(`/api/v1/agents/${id}/versions`),
    'POST agents/:id/rollback': (client, id) => client.post(`/api/v1/agents/${id}/rollback`, { version: 1 }),
    'aiAgents.get': (client, agentId) => client.query('aiAgents.get', { agentId }),
    'aiAgents.update': (client, agentId) => client.mutate('aiAgents.update', { agentId, name: 'taken over' }),
    'aiAgents.delete': (client, agentId) => client.mutate('aiAgents.delete', { agentId }),
    'aiAgents.findVersions': (client, agentId) => client.query('aiAgents.findVersions', { agentId }),
    'aiAgents.rollback': (client, agentId) => client.mutate('aiAgents.rollback', { agentId, version: 1 }),
  };

  const modelCalls: Record<string, Call> = {
    'PATCH team-models/:id': (client, id) =>
      client.patch(`/api/v1/team-models/${encodeURIComponent(id)}`, { enabled: true }),
    'PUT team-models/default': (client, modelId) => client.put('/api/v1/team-models/default', { modelId }),
    'POST team-models/:id/test': (client, id) =>
      client.post(`/api/v1/team-models/${encodeURIComponent(id)}/test`, {}),
    'GET prompts/preview': (client, id) =>
      client.get(`/api/v1/prompts/preview?modelId=${encodeURIComponent(id)}`),
    'POST agents': (client, modelId) =>
      client.post('/api/v1/agents', { name: uuidv7(), instructions: 'x', modelId }),
    'PATCH agents/:own': (client, modelId) => client.patch(`/api/v1/agents/${ours.agentId}`, { modelId }),
    'POST chat/sessions': (client, modelId) => client.post('/api/v1/chat/sessions', { modelId }),
    'PATCH chat/sessions/:own': (client, modelId) =>
      client.patch(`/api/v1/chat/sessions/${ours.sessionId}`, { modelId }),
    'POST chat/sessions/:own/messages': (client, modelId) =>
      client.post(`/api/v1/chat/sessions/${ours.sessionId}/messages`, { text: 'Hello', modelId }),
    'aiTeamModels.update': (client, modelId) =>
      client.mutate('aiTeamModels.update', { modelId, enabled: true }),
    'aiTeamModels.toggle': (client, modelId) =>
      client.mutate('aiTeamModels.toggle', { modelId, enabled: true }),
    'aiTeamModels.setDefault': (client, modelId) => client.mutate('aiTeamModels.setDefault', { modelId }),
    'aiTeamModels.test': (client, modelId) => client.mutate('aiTeamModels.test', { modelId }),
    'aiPrompts.getSystemPrompt': (client, modelId) => client.query('aiPrompts.getSystemPrompt', { modelId }),
    'chat.createSession': (client, modelId) => client.mutate('chat.createSession', { modelId }),
    'chat.updateSession': (client, modelId) =>
      client.mutate('chat.updateSession', { sessionId: ours.sessionId, modelId }),
    'chat.sendMessage': (client, modelId) =>
      client.query('chat.sendMessage', { ...sendMessage(ours.sessionId), modelId }),
  };

  describe('is not there for another team', () => {
    let before: string[];

    beforeAll(async () => {
      before = await photograph(theirs);
    });

    it.each(Object.entries(sessionCalls))('a conversation: %s', async (_, call) => {
      await expectNotThere(call, ours.owner, theirs.sessionId, uuidv7());
    });

    it.each(Object.entries(providerCalls))('an endpoint or its key: %s', async (_, call) => {
      await expectNotThere(call, ours.owner, theirs.providerId, uuidv7());
    });

    it.each(Object.entries(agentCalls))('an agent: %s', async (_, call) => {
      await expectNotThere(call, ours.owner, theirs.agentId, uuidv7());
    });

    it.each(Object.entries(modelCalls))("a model of a team's endpoint, by its id: %s", async (_, call) => {
      await expectNotThere(call, ours.owner, theirs.modelId, uuidv7());
    });

    it.each(Object.entries(modelCalls))("a model of a team's endpoint, by its name: %s", async (_, call) => {
      await expectNotThere(call, ours.owner, theirs.modelRef, `${uuidv7()}/small`);
    });

    it('a model in a list of models, which is refused as one that names a stranger', async () => {
      for (const foreign of [theirs.modelId, theirs.modelRef]) {
        const own = (await ours.owner.get('/api/v1/team-models')).body.items
          .filter(({ enabled }: { enabled: boolean }) => enabled)
          .map(({ ref }: { ref: string }) => ref);
        const [known, unknown] = await Promise.all(
          [foreign, uuidv7()].map((id) =>
            ours.owner.put('/api/v1/team-models/order', { modelIds: [...own, id] }),
          ),
        );
        expect(known!.status).toBe(400);
        expect(textOf(known!)).toBe(textOf(unknown!));
        const procedure = await ours.owner.mutate('aiTeamModels.reorder', { modelIds: [foreign] });
        expect(procedure.status).toBe(400);
        expect(procedure.text).not.toContain('theirs');
      }
    });

    it('a model as the preference of a user, which then is found nowhere', async () => {
      await ours.member.put('/api/v1/app-config/chat/me', { config: { defaultModelId: theirs.modelId } });
      const answer = await say(ours.member, ours.memberSessionId, { text: 'Hello' });
      expect([answer.status, answer.body.error.code]).toEqual([409, 'MODEL_NOT_AVAILABLE']);
      const nowhere = uuidv7();
      await ours.member.put('/api/v1/app-config/chat/me', { config: { defaultModelId: nowhere } });
      const unknown = await say(ours.member, ours.memberSessionId, { text: 'Hello' });
      const anonymous = ({ body: { error } }: typeof answer, id: string) => {
        const { requestId: _, ...rest } = error;
        return JSON.stringify(rest).replaceAll(id, 'the model');
      };
      expect(anonymous(answer, theirs.modelId)).toBe(anonymous(unknown, nowhere));
      await ours.member.put('/api/v1/app-config/chat/me', { config: { defaultModelId: null } });
    });

    it("an endpoint, as a provider of every team: the platform's routes do not know it", async () => {
      const [admin] = await Promise.all([
        ours.owner.patch(`/api/v1/providers/${theirs.providerId}`, { status: 'disabled' }),
      ]);
      expect(admin.status).toBe(403);
    });

    it('executions, by user, by model or by a cursor', async () => {
      for (const query of [
        `userId=${theirs.owner.userId}`,
        `modelId=${theirs.modelId}`,
        `modelId=${encodeURIComponent(theirs.modelRef)}`,
      ]) {
        expect((await ours.owner.get(`/api/v1/executions?${query}`)).body).toEqual({ items: [] });
      }
      const own = (await ours.owner.get('/api/v1/executions')).body.items;
      expect((await ours.owner.get('/api/v1/executions?modelId=sandbox%2Fecho')).body.items).toEqual(own);
      expect(
        (await ours.owner.get(`/api/v1/executions?userId=${ours.member.userId}`)).body.items,
      ).toHaveLength(1);
      const cursor = toCursor('9999-01-01T00:00:00.000Z', theirs.executionId);
      const paged = await ours.owner.get(`/api/v1/executions?cursor=${cursor}`);
      expect(paged.body.items).toEqual(own);
      expect(JSON.stringify(own)).not.toContain(theirs.executionId);
    });

    it('conversations and messages, by a cursor made of their ids', async () => {
      const sessions = await ours.owner.get(
        `/api/v1/chat/sessions?cursor=${toCursor('9999-01-01T00:00:00.000Z', theirs.sessionId)}`,
      );
      expect(sessions.body.items.map(({ id }: { id: string }) => id)).toContain(ours.sessionId);
      expect(sessions.text).not.toContain('theirs');
      const messages = await ours.owner.get(
        `/api/v1/chat/sessions/${ours.sessionId}/messages?cursor=${toCursor('00000000-0000-7000-8000-000000000000')}`,
      );
      expect(messages.text).not.toContain('theirs');
    });

    it('anything in a list', async () => {
      for (const view of await photograph(ours)) expect(view).not.toContain('theirs');
    });

    it('instructions and configuration, nor do they reach the prompt', async () => {
      const { body } = await ours.owner.get('/api/v1/prompts/preview');
      expect(body.system).toContain('Secret of ours');
      expect(body.system).not.toContain('theirs');
      const answer = await say(ours.owner, ours.sessionId, {
        text: 'What do you know?',
        modelId: 'sandbox/echo',
      });
      expect(answer.text).toContain('Mine of ours');
      expect(answer.text).not.toContain('theirs');
    });

    it('and nothing of theirs has changed', async () => {
      expect(await photograph(theirs)).toEqual(before);
    });
  });

  it('a running answer is joined, stopped, doubled and deleted by nobody else', async () => {
    const { owner, member } = theirs;
    const sessionId = await createSession(owner, { title: 'Counting' });
    const answer = await openAnswer(owner, sessionId, { text: slowly(40, 20), modelId: 'sandbox/echo' });
    await answer.readWords(2);
    const others = [
      ours.owner,
      await createApiKey(ours.owner, allScopes),
      member,
      await createApiKey(owner, allScopes),
    ];
    for (const other of others) {
      for (const call of Object.values(sessionCalls)) await expectNotThere(call, other, sessionId, uuidv7());
    }
    expect((await answer.readAll()).split(' ')).toHaveLength(40);
    const { body } = await owner.get(`/api/v1/chat/sessions/${sessionId}/messages`);
    expect(body.items.map(({ status }: { status: string }) => status)).toEqual(['complete', 'complete']);
  });

  describe("is not there for another member of the team, not even for its owner: a user's conversations", () => {
    let before: string[];

    beforeAll(async () => {
      before = await photograph(ours);
    });

    it.each(Object.entries(sessionCalls))('%s', async (_, call) => {
      await expectNotThere(call, ours.owner, ours.memberSessionId, uuidv7());
      await expectNotThere(call, ours.member, ours.sessionId, uuidv7());
    });

    it('nor in a list', async () => {
      const { items } = await trpcOf(ours.owner).chat.findSessions.query({});
      expect(items.map(({ id }) => id)).not.toContain(ours.memberSessionId);
    });

    it("nor a user's own instructions", async () => {
      expect((await ours.member.get('/api/v1/app-config/aiStudio/me')).text).not.toContain('Mine of ours');
      expect((await ours.member.get('/api/v1/prompts/preview')).body.system).not.toContain('Mine of ours');
    });

    it('and nothing of anybody has changed', async () => {
      expect(await photograph(ours)).toEqual(before);
    });
  });

  describe('is not there for the same person in another team of theirs', () => {
    it('neither their conversations nor their own instructions', async () => {
      const elsewhere = await createTeam(ours.owner);
      for (const call of Object.values(sessionCalls))
        await expectNotThere(call, elsewhere, ours.sessionId, uuidv7());
      expect((await elsewhere.get('/api/v1/app-config/aiStudio/me')).body).toMatchObject({
        version: 0,
        config: { userInstructions: { content: '' } },
      });
    });
  });

  it('is answered to its owner alone, however many ask at the same moment', async () => {
    const teams = await Promise.all([1, 2, 3].map(() => signUp(app).then((person) => createTeam(person))));
    await Promise.all(teams.map((team) => createSession(team, { title: `of ${team.teamId}` })));
    const people = [...teams, ours.owner, ours.member, theirs.owner, theirs.member];
    const expected = await Promise.all(
      people.map(async (person) => (await person.get('/api/v1/chat/sessions')).text),
    );
    expect(new Set(expected).size).toBe(people.length);

    for (let round = 0; round < 12; round += 1) {
      // Writes among the reads: a transaction that is open while others ask is where answers could be mixed up.
      const writes = teams.map((team) =>
        team.patch('/api/v1/team-models/sandbox%2Fecho', { settings: { temperature: 1 } }),
      );
      const reads = await Promise.all(
        people.flatMap((person) => [
          person.get('/api/v1/chat/sessions'),
          person.get('/api/v1/chat/sessions'),
        ]),
      );
      expect(reads.map(({ text }) => text)).toEqual(expected.flatMap((text) => [text, text]));
      for (const { status } of await Promise.all(writes)) expect(status).toBe(200);
    }
  });
});

function toCursor(...parts: string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}
