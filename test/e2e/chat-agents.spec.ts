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
import { addTeamProvider, expectStatus, listExecutions } from '../support/providers';
import { listFaults } from '../support/refusals';
import { openAnswer, slowly } from '../support/streams';
import { restOutcome, trpcOf, trpcOutcome, type Outcome } from '../support/trpc';
import { startWireServer } from '../support/wire';

type Team = Client & { teamId: string };

const sessionsPath = '/api/v1/chat/sessions';
const agentsPath = '/api/v1/agents';
const nowhere = '019aa000-0000-7000-8000-00000000dead';

describe('agents of conversations', () => {
  let app: TestApp;
  let owner: Client;
  let stranger: Team;
  /** A team as it is made, and one that lets conversations change their agent. */
  let locking: Team;
  let allowing: Team;

  beforeAll(async () => {
    app = await startTestApp();
    owner = await signUp(app);
    [locking, allowing] = [await createTeam(owner), await createTeam(owner)];
    stranger = await createTeam(await signUp(app));
    await setSwitching(allowing, 'allowed');
  }, 60_000);

  afterAll(async () => {
    expect(listFaults(app)).toEqual([]);
    await app.close();
  });

  const setSwitching = async (team: Client, agentSwitching: string) =>
    expectStatus(await team.put('/api/v1/app-config/chat/team', { config: { agentSwitching } }));

  /** An agent whose instructions can be told from all others'. */
  async function addAgent(
    team: Client,
    fields: object = {},
  ): Promise<{ id: string; name: string; says: string }> {
    const name = `Agent ${(addAgent.count += 1)}`;
    const says = `You are number ${addAgent.count}.`;
    const body = { name, instructions: says, ...fields };
    return { id: expectStatus(await team.post(agentsPath, body), 201).id, name, says };
  }
  addAgent.count = 0;

  const read = async (team: Client, id: string): Promise<Answer['body']> =>
    expectStatus(await team.get(`${sessionsPath}/${id}`));
  const historyOf = async (team: Client, id: string): Promise<Answer['body'][]> =>
    (await read(team, id)).agentSwitches;
  const patch = (team: Client, id: string, body: object): Promise<Answer> =>
    team.patch(`${sessionsPath}/${id}`, body);
  /** The answer to the change is the conversation as it is from then on. */
  async function setAgent(team: Client, id: string, agentId: string | null): Promise<Answer['body']> {
    const changed = expectStatus(await patch(team, id, { agentId }));
    expect(await read(team, id)).toEqual(changed);
    return changed;
  }

  /** What the model was told, and what the first chunk says of the answer. */
  async function ask(team: Client, id: string, text = 'What were you told?') {
    const { status, text: answer, chunks, body } = await say(team, id, { text });
    if (status !== 200) throw new Error(`not answered: ${status} ${JSON.stringify(body)}`);
    const told = /^## system\n\n([\s\S]*?)\n\n## user/.exec(answer)?.[1] ?? '';
    const metadata = chunks[0]?.['messageMetadata'] as { executionId: string; agent?: object }; // of the start chunk
    return { told, metadata };
  }

  const resetFrom = (name: string) => `# Change of agent\n\nUntil now you were "${name}".`;
  const toldOfNoChange = (told: string) => expect(told).not.toMatch(/Change of agent|Until now/);

  /** A conversation in which an agent has answered. */
  async function begun(team: Client, agentId?: string): Promise<string> {
    const id = await createSession(team, agentId === undefined ? {} : { agentId });
    await ask(team, id);
    return id;
  }

  describe('cannot be set', () => {
    /** The same refusal over both transports. */
    async function refusal(team: Client, id: string, agentId: string): Promise<Outcome> {
      const overRest = await restOutcome(patch(team, id, { agentId }));
      expect(await trpcOutcome(trpcOf(team).chat.updateSession.mutate({ sessionId: id, agentId }))).toEqual(
        overRest,
      );
      return overRest;
    }

    it('where they are not there, are deleted, or are of another team: one answer for all', async () => {
      const gone = await addAgent(locking);
      expectStatus(await locking.delete(`${agentsPath}/${gone.id}`), 204);
      const foreign = await addAgent(stranger);
      const ofOtherTeam = await addAgent(allowing);
      const session = await createSession(locking);
      for (const agentId of [nowhere, gone.id, foreign.id, ofOtherTeam.id]) {
        const refused = { code: 'NOT_FOUND', message: 'The agent was not found.' };
        expect(await restOutcome(locking.post(sessionsPath, { agentId }))).toEqual(refused);
        expect(await trpcOutcome(trpcOf(locking).chat.createSession.mutate({ agentId }))).toEqual(refused);
        expect(await refusal(locking, session, agentId)).toEqual(refused);
      }
      expect(await read(locking, session)).toMatchObject({ agentId: null, agent: null, agentSwitches: [] });
    });

    it('by what is no id', async () => {
      const session = await createSession(locking);
      for (const agentId of ['Support', '', 5, {}, session.toUpperCase()]) {
        expect(await patch(locking, session, { agentId })).toMatchObject({
          status: 400,
          body: { error: { code: 'VALIDATION_FAILED' } },
        });
        expect((await locking.post(sessionsPath, { agentId })).status).toBe(400);
      }
    });

    it("in a conversation of somebody else's", async () => {
      const agent = await addAgent(locking);
      const session = await createSession(locking);
      const member = await addMember(app, locking);
      const refused = { code: 'NOT_FOUND', message: 'The conversation was not found.' };
      for (const other of [member, stranger, locking.inTeam(allowing.teamId)])
        expect(await refusal(other, session, agent.id)).toEqual(refused);
      expect(await historyOf(locking, session)).toEqual([]);
    });

    it('after another one, where the team does not let them change', async () => {
      const [first, second] = [await addAgent(locking), await addAgent(locking)];
      const session = await createSession(locking, { agentId: first.id });
      const refused = await refusal(locking, session, second.id);
      expect(refused).toMatchObject({
        code: 'AGENT_LOCKED',
        message: expect.stringContaining(
          'PUT /api/v1/app-config/chat/team with { "config": { "agentSwitching": "allowed" } }',
        ),
        details: { agentId: first.id, agentName: first.name, agentSwitching: 'locked' },
      });
      expect((await patch(locking, session, { agentId: second.id, title: 'Mine' })).status).toBe(409);
      expect(await read(locking, session)).toMatchObject({ title: '', agentId: first.id });
      expect(await historyOf(locking, session)).toHaveLength(1);
      toldOfNoChange((await ask(locking, session)).told);
    });

    it('after another one by taking that away first', async () => {
      const [first, second] = [await addAgent(locking), await addAgent(locking)];
      const session = await begun(locking, first.id);
      await setAgent(locking, session, null);
      expect((await refusal(locking, session, second.id)).code).toBe('AGENT_LOCKED');
      await ask(locking, session);
      expect((await refusal(locking, session, second.id)).code).toBe('AGENT_LOCKED');
      expect(await setAgent(locking, session, first.id)).toMatchObject({ agentId: first.id });
      expect((await refusal(locking, session, second.id)).code).toBe('AGENT_LOCKED');
      expect(await historyOf(locking, session)).toHaveLength(3);
    });

    it('by an agent that is known to be there sooner than that the switch is locked', async () => {
      const [first, foreign] = [await addAgent(locking), await addAgent(stranger)];
      const session = await createSession(locking, { agentId: first.id });
      expect((await refusal(locking, session, foreign.id)).code).toBe('NOT_FOUND');
    });

    it('by many at once: one is the first, and all others are too late', async () => {
      const agents = await Promise.all(Array.from({ length: 8 }, () => addAgent(locking)));
      const session = await createSession(locking);
      const outcomes = await Promise.all(
        agents.map(({ id }) => restOutcome(patch(locking, session, { agentId: id }))),
      );
      expect(outcomes.map(({ code }) => code).toSorted()).toEqual([...Array(7).fill('AGENT_LOCKED'), 'OK']);
      const winner = agents[outcomes.findIndex(({ code }) => code === 'OK')];
      expect(await read(locking, session)).toMatchObject({
        agentId: winner?.id,
        agentSwitches: [{ agentId: winner?.id }],
      });
    });
  });

  describe('are set', () => {
    it('from the beginning, and answer', async () => {
      const agent = await addAgent(locking);
      const created = expectStatus(await locking.post(sessionsPath, { agentId: agent.id }), 201);
      expect(created).toMatchObject({
        agentId: agent.id,
        agent: { id: agent.id, name: agent.name, version: 1, isDeleted: false },
      });
      expect(await read(locking, created.id)).toEqual(created);
      const { told, metadata } = await ask(locking, created.id);
      expect(told).toContain(`# Agent\n\n${agent.says}`);
      toldOfNoChange(told);
      expect(metadata.agent).toEqual({ id: agent.id, name: agent.name, version: 1, isDeleted: false });
      expect(await read(locking, created.id)).toMatchObject({
        agent: { id: agent.id, name: agent.name, version: 1, isDeleted: false },
        agentSwitches: [
          {
            agentId: agent.id,
            agentName: agent.name,
            agentVersion: 1,
            afterMessageId: null,
            at: expect.stringMatching(/Z$/),
          },
        ],
      });
      const { agent: _, agentSwitches: __, ...listed } = await read(locking, created.id);
      expect((await locking.get(sessionsPath)).body.items[0]).toEqual(listed);
    });

    it('for the first time while a conversation runs, also a locked one, without a word of a change', async () => {
      const agent = await addAgent(locking);
      const session = await begun(locking);
      await setAgent(locking, session, agent.id);
      const { told } = await ask(locking, session);
      expect(told).toContain(agent.says);
      toldOfNoChange(told);
    });

    it('while an answer is given: the next one is of the new agent', async () => {
      const [first, second] = [await addAgent(allowing), await addAgent(allowing)];
      const session = await createSession(allowing, { agentId: first.id });
      const reader = await openAnswer(allowing, session, { text: slowly(50, 100) });
      await setAgent(allowing, session, second.id);
      await reader.readAll();
      const { items } = expectStatus(await allowing.get(`${sessionsPath}/${session}/messages`));
      expect((await historyOf(allowing, session)).at(-1)).toMatchObject({ afterMessageId: items[1].id });
      expect((await ask(allowing, session)).told).toContain(resetFrom(first.name));
      expect((await read(allowing, session)).agent).toMatchObject({ id: second.id, version: 1 });
    });

    it('again without a trace, and leave other changes alone', async () => {
      const agent = await addAgent(locking);
      const session = await createSession(locking, { agentId: agent.id });
      await setAgent(locking, session, agent.id);
      expect(await patch(locking, session, { title: 'Named' })).toMatchObject({
        status: 200,
        body: { title: 'Named', agentId: agent.id },
      });
      const bare = await createSession(locking);
      await setAgent(locking, bare, null);
      expect(await historyOf(locking, bare)).toEqual([]);
      expect(await historyOf(locking, session)).toHaveLength(1);
    });

    it('and can be used by every member', async () => {
      const agent = await addAgent(locking);
      const member = await addMember(app, locking);
      const session = await createSession(member, { agentId: agent.id });
      expect((await ask(member, session)).told).toContain(agent.says);
      expect((await read(member, session)).agent).toMatchObject({ name: agent.name });
    });

    it('over tRPC as over REST', async () => {
      const [first, second] = [await addAgent(allowing), await addAgent(allowing)];
      const { chat } = trpcOf(allowing);
      const created = await chat.createSession.mutate({ agentId: first.id });
      expect(created.agentId).toBe(first.id);
      const sessionId = created.id;
      expect(await chat.updateSession.mutate({ sessionId, agentId: second.id })).toMatchObject({
        agentId: second.id,
      });
      expect(await chat.updateSession.mutate({ sessionId, agentId: null })).toMatchObject({ agentId: null });
      const seen = await chat.getSession.query({ sessionId });
      expect(seen).toEqual(await read(allowing, sessionId));
      expect(seen.agentSwitches.map(({ agentId }) => agentId)).toEqual([first.id, second.id, null]);
    });
  });

  describe('change, where the team allows it', () => {
    it('as soon as an admin does, and not any more once it is locked again', async () => {
      const team = await createTeam(owner);
      const [first, second] = [await addAgent(team), await addAgent(team)];
      const session = await createSession(team, { agentId: first.id });
      const codeOf = async (agentId: string) => (await restOutcome(patch(team, session, { agentId }))).code;
      expect(await codeOf(second.id)).toBe('AGENT_LOCKED');
      await setSwitching(team, 'allowed');
      expect(await codeOf(second.id)).toBe('OK');
      await setSwitching(team, 'locked');
      expect(await codeOf(first.id)).toBe('AGENT_LOCKED');
      expect(await codeOf(second.id)).toBe('OK');
    });

    it('and the model is told of it in three answers, and then no more', async () => {
      const [first, second] = [await addAgent(allowing), await addAgent(allowing)];
      const session = await begun(allowing, first.id);
      await setAgent(allowing, session, second.id);
      for (const _ of [1, 2, 3]) {
        const { told } = await ask(allowing, session);
        expect(told).toContain(resetFrom(first.name));
        expect(told).toContain(second.says);
        expect(told).not.toContain(first.says);
      }
      const { told } = await ask(allowing, session);
      expect(told).toContain(`# Agent\n\n${second.says}`);
      toldOfNoChange(told);
    });

    it('and each family of models is told of it in its own form', async () => {
      const team = await createTeam(owner);
      await setSwitching(team, 'allowed');
      for (const modelKey of ['claude-sonnet-4-5-echo', 'gpt-5.1-echo', 'gemini-2.5-pro-echo']) {
        const body = { providerId: 'sandbox', modelKey, displayName: modelKey };
        const { id } = expectStatus(await owner.post('/api/v1/models', body), 201);
        expectStatus(await team.patch(`/api/v1/team-models/${id}`, { enabled: true }));
      }
      const [first, second] = [await addAgent(team), await addAgent(team)];
      const session = await begun(team, first.id);
      await setAgent(team, session, second.id);
      const toldAs = async (modelId: string) => {
        const { text } = await say(team, session, { text: 'What were you told?', modelId });
        return text;
      };
      expect(await toldAs('sandbox/claude-sonnet-4-5-echo')).toMatch(
        new RegExp(
          `<system_reset>\\n.*"${first.name}"[^]*<new_identity>\\n${second.says}\\n</new_identity>\\n</system_reset>`,
        ),
      );
      expect(await toldAs('sandbox/gpt-5.1-echo')).toContain('# PRIORITY OVERRIDE');
      expect(await toldAs('sandbox/gemini-2.5-pro-echo')).toContain('# [SYSTEM COMMAND: ROLE CHANGE]');
      expect(await toldAs('sandbox/claude-sonnet-4-5-echo')).toContain(`<agent>\n${second.says}\n</agent>`);
    });

    it('and each change is told of anew', async () => {
      const [first, second, third] = [
        await addAgent(allowing),
        await addAgent(allowing),
        await addAgent(allowing),
      ];
      const session = await begun(allowing, first.id);
      await setAgent(allowing, session, second.id);
      await ask(allowing, session);
      await setAgent(allowing, session, third.id);
      for (const _ of [1, 2, 3])
        expect((await ask(allowing, session)).told).toContain(resetFrom(second.name));
      toldOfNoChange((await ask(allowing, session)).told);
    });

    it('and an answer that failed is not one of the three', async () => {
      const [first, second] = [await addAgent(allowing), await addAgent(allowing)];
      const session = await begun(allowing, first.id);
      await setAgent(allowing, session, second.id);
      for (const _ of [1, 2, 3])
        expect(
          (await say(allowing, session, { text: '/sandbox failAt=0 failWith=bad-request' })).status,
        ).toBe(502);
      expect((await ask(allowing, session)).told).toContain(resetFrom(first.name));
    });

    it('also to none: the model is told that it is none any more', async () => {
      const agent = await addAgent(locking);
      const session = await begun(locking, agent.id);
      await setAgent(locking, session, null);
      for (const _ of [1, 2, 3]) {
        const { told, metadata } = await ask(locking, session);
        expect(told).toContain(resetFrom(agent.name));
        expect(told).toContain('You have no special role any more.');
        expect(told).not.toContain(agent.says);
        expect(metadata).toEqual({ sessionId: session, executionId: expect.any(String) });
      }
      toldOfNoChange((await ask(locking, session)).told);
      expect(await read(locking, session)).toMatchObject({ agentId: null, agent: null });
    });

    it('by way of none: the model is told which one it was', async () => {
      const [first, second] = [await addAgent(allowing), await addAgent(allowing)];
      const session = await begun(allowing, first.id);
      await setAgent(allowing, session, null);
      await setAgent(allowing, session, second.id);
      expect((await ask(allowing, session)).told).toContain(resetFrom(first.name));
    });

    it('without a word of it where nothing was said before, or nothing by the one that it was', async () => {
      const [first, second] = [await addAgent(allowing), await addAgent(allowing)];
      const fresh = await createSession(allowing, { agentId: first.id });
      await setAgent(allowing, fresh, second.id);
      toldOfNoChange((await ask(allowing, fresh)).told);

      const mistaken = await begun(allowing, first.id);
      await setAgent(allowing, mistaken, second.id);
      await setAgent(allowing, mistaken, first.id);
      toldOfNoChange((await ask(allowing, mistaken)).told);

      const undecided = await begun(allowing);
      await setAgent(allowing, undecided, first.id);
      await setAgent(allowing, undecided, second.id);
      toldOfNoChange((await ask(allowing, undecided)).told);
    });

    it('and the conversation keeps the history: which agent, in which version, when, after which message', async () => {
      const [first, second] = [await addAgent(allowing), await addAgent(allowing)];
      expectStatus(await allowing.patch(`${agentsPath}/${second.id}`, { instructions: 'Better.' }));
      const session = await begun(allowing, first.id);
      await setAgent(allowing, session, second.id);
      await ask(allowing, session);
      await setAgent(allowing, session, null);
      const { items } = expectStatus(await allowing.get(`${sessionsPath}/${session}/messages`));
      const history = await historyOf(allowing, session);
      const at = expect.any(String);
      expect(history).toEqual([
        { agentId: first.id, agentName: first.name, agentVersion: 1, afterMessageId: null, at },
        { agentId: second.id, agentName: second.name, agentVersion: 2, afterMessageId: items[1].id, at },
        { agentId: null, agentName: null, agentVersion: null, afterMessageId: items[3].id, at },
      ]);
      expect(history.map((entry) => entry.at)).toEqual(history.map((entry) => entry.at).toSorted());
      const listed = (await allowing.get(sessionsPath)).body.items[0];
      expect(listed.id).toBe(session);
      expect(listed).not.toHaveProperty('agentSwitches');
      expectStatus(await allowing.delete(`${sessionsPath}/${session}`), 204);
    });

    it('by many at once: one after the other, and none is lost', async () => {
      const agents = await Promise.all(Array.from({ length: 6 }, () => addAgent(allowing)));
      const session = await begun(allowing);
      const answers = await Promise.all(agents.map(({ id }) => patch(allowing, session, { agentId: id })));
      expect(answers.map(({ status }) => status)).toEqual(agents.map(() => 200));
      const history = (await historyOf(allowing, session)).map(({ agentId }) => agentId);
      expect(history.toSorted()).toEqual(agents.map(({ id }) => id).toSorted());
      expect((await read(allowing, session)).agentId).toBe(history.at(-1));
    });
  });

  describe('answer', () => {
    it('in their current version, and the execution names it', async () => {
      const agent = await addAgent(locking);
      const session = await begun(locking, agent.id);
      expectStatus(
        await locking.patch(`${agentsPath}/${agent.id}`, {
          name: `New ${agent.name}`,
          instructions: 'Better.',
        }),
      );
      const { told, metadata } = await ask(locking, session);
      expect(told).toContain('Better.');
      toldOfNoChange(told);
      const now = { id: agent.id, name: `New ${agent.name}`, version: 2, isDeleted: false };
      expect(metadata.agent).toEqual(now);
      expect((await read(locking, session)).agent).toEqual(now);
      const [last, before] = await listExecutions(locking);
      expect(last).toMatchObject({ id: metadata.executionId, agentId: agent.id, agentVersion: 2 });
      expect(before).toMatchObject({ agentId: agent.id, agentVersion: 1 });
      await setAgent(locking, session, null);
      await ask(locking, session);
      expect((await listExecutions(locking))[0]).toMatchObject({ agentId: null, agentVersion: null });
    });

    it('on in the version that they had where they are deleted, and say so', async () => {
      const agent = await addAgent(locking);
      const path = `${agentsPath}/${agent.id}`;
      const [early, late] = [
        await begun(locking, agent.id),
        await createSession(locking, { agentId: agent.id }),
      ];
      const name = `New ${agent.name}`;
      expectStatus(await locking.patch(path, { name, instructions: 'Better.' }));
      await ask(locking, late);
      expectStatus(await locking.patch(path, { instructions: 'Best.' }));
      expectStatus(await locking.delete(path), 204);
      for (const [session, version, called, says] of [
        [early, 1, agent.name, agent.says],
        [late, 2, name, 'Better.'],
      ] as const) {
        const kept = { id: agent.id, name: called, version, isDeleted: true };
        expect((await read(locking, session)).agent).toEqual(kept);
        const { told, metadata } = await ask(locking, session);
        expect(told).toContain(says);
        expect(metadata.agent).toEqual(kept);
        expect((await read(locking, session)).agent).toEqual(kept);
        expect((await listExecutions(locking))[0]).toMatchObject({
          agentId: agent.id,
          agentVersion: version,
        });
      }
      // It may stay, but whoever took it away cannot have it back.
      expect(await setAgent(locking, early, agent.id)).toMatchObject({ agentId: agent.id });
      await setAgent(locking, early, null);
      expect((await restOutcome(patch(locking, early, { agentId: agent.id }))).code).toBe('NOT_FOUND');
      expect((await ask(locking, early)).told).toContain(resetFrom(agent.name));
    });

    it('with the model of the message, the conversation, the user, the agent, the team: in that order', async () => {
      const server = await startWireServer('openai');
      const team = await createTeam(owner);
      const models: Record<string, { id: string; ref: string }> = {};
      for (const name of ['message', 'session', 'user', 'agent'])
        models[name] = await addTeamProvider(team, server, { name });
      const idOf = (name: string) => models[name]?.id ?? '';
      const agent = await addAgent(team, { modelId: idOf('agent') });
      const session = await createSession(team, { agentId: agent.id });
      const answersWith = async (body: object = {}) => {
        expect(await say(team, session, { text: 'Who?', ...body })).toMatchObject({ status: 200 });
        const { items } = expectStatus(await team.get(`${sessionsPath}/${session}/messages`));
        return items.at(-1).modelRef;
      };
      const prefer = async (defaultModelId: string | null) =>
        expectStatus(await team.put('/api/v1/app-config/chat/me', { config: { defaultModelId } }));
      try {
        expect(await answersWith()).toBe(models['agent']?.ref);
        await prefer(idOf('user'));
        expect(await answersWith()).toBe(models['user']?.ref);
        expectStatus(await patch(team, session, { modelId: idOf('session') }));
        expect(await answersWith()).toBe(models['session']?.ref);
        expect(await answersWith({ modelId: idOf('message') })).toBe(models['message']?.ref);
        expectStatus(await patch(team, session, { modelId: null }));
        await prefer(nowhere);
        expect(await say(team, session, { text: 'Who?' })).toMatchObject({
          status: 409,
          body: { error: { code: 'MODEL_NOT_AVAILABLE', details: { modelId: nowhere } } },
        });
        await prefer(null);
        expectStatus(await team.delete(`${agentsPath}/${agent.id}`), 204);
        expect(await answersWith()).toBe(models['agent']?.ref);
        await setAgent(team, session, null);
        expect(await answersWith()).toBe('sandbox/echo');
      } finally {
        await server.close();
      }
    });
  });
});
