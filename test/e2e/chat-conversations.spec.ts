import { createTRPCClient, httpLink, httpSubscriptionLink, splitLink, TRPCClientError } from '@trpc/client';
import { readUIMessageStream, type UIMessageChunk } from 'ai';
import { Agent, EventSource } from 'undici';
import type { AppRouter } from '../../src/app-router';
import { Database } from '../../src/platform/database';
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
import { addTeamProvider, expectStatus, listExecutions, type UsableModel } from '../support/providers';
import { eventually, joinAnswer, openAnswer, readChunks, slowly, textOf } from '../support/streams';
import { startWireServer, type WireServer } from '../support/wire';

const sessionsPath = '/api/v1/chat/sessions';

describe('conversations', () => {
  let app: TestApp;
  let owner: Client & { teamId: string };
  let member: Client;
  let server: WireServer;
  let model: UsableModel;

  beforeAll(async () => {
    app = await startTestApp();
    owner = await createTeam(await signUp(app));
    member = await addMember(app, owner);
    server = await startWireServer('openai');
    model = await addTeamProvider(owner, server, { name: 'wired' });
  }, 60_000);

  afterEach(() => server.reset());

  afterAll(async () => {
    await app.close();
    await server.close();
  });

  const messagesOf = async (sessionId: string, client: Client = owner): Promise<Answer['body'][]> =>
    expectStatus(await client.get(`${sessionsPath}/${sessionId}/messages?limit=200`)).items;

  const post = (sessionId: string, body: object, client: Client = owner) =>
    client.post(`${sessionsPath}/${sessionId}/messages`, body);

  /** The last message, once its answer has ended. */
  const endedAnswer = (sessionId: string): Promise<Answer['body']> =>
    eventually(async () => {
      const last = (await messagesOf(sessionId)).at(-1);
      return last.status !== 'streaming' && last;
    });

  const executionOf = (id: string): Promise<Answer['body']> =>
    eventually(async () =>
      (await listExecutions(owner)).find((item) => item.id === id && item.outcome !== 'running'),
    );

  describe('are private', () => {
    it('to their user: for anybody else they do not exist, and nothing of them can be told', async () => {
      const mine = await createSession(owner, { title: 'Mine' });
      await say(owner, mine, { text: 'Hello' });
      const stranger = await createTeam(await signUp(app));
      const never = '019aa000-0000-7000-8000-00000000dead';
      for (const other of [member, stranger]) {
        const calls = (id: string) => [
          other.get(`${sessionsPath}/${id}`),
          other.patch(`${sessionsPath}/${id}`, { title: 'Taken' }),
          other.delete(`${sessionsPath}/${id}`),
          other.get(`${sessionsPath}/${id}/messages`),
          post(id, { text: 'Hello' }, other),
          other.get(`${sessionsPath}/${id}/stream`),
          other.post(`${sessionsPath}/${id}/stop`),
          other.query('chat.getSession', { sessionId: id }),
          other.query('chat.getMessages', { sessionId: id }),
          other.mutate('chat.updateSession', { sessionId: id, title: 'Taken' }),
          other.mutate('chat.deleteSession', { sessionId: id }),
          other.mutate('chat.stop', { sessionId: id }),
        ];
        const [foreign, missing] = [await Promise.all(calls(mine)), await Promise.all(calls(never))];
        const strip = ({ status, text }: Answer) => [status, text.replace(/"requestId":"[^"]*"/, '')];
        expect(foreign.map(({ status }) => status)).toEqual(foreign.map(() => 404));
        expect(foreign.map(strip)).toEqual(missing.map(strip));
        expect(expectStatus(await other.get(sessionsPath)).items).toEqual([]);
      }
      expect(expectStatus(await owner.get(`${sessionsPath}/${mine}`)).title).toBe('Mine');
      expect(await messagesOf(mine)).toHaveLength(2);
    });

    it('to their user: an admin of the team reads none of a member', async () => {
      const theirs = await createSession(member);
      await say(member, theirs, { text: 'Between us' });
      expect((await owner.get(`${sessionsPath}/${theirs}/messages`)).status).toBe(404);
      expect((await owner.get(sessionsPath)).text).not.toContain(theirs);
      expect(await messagesOf(theirs, member)).toHaveLength(2);
    });
  });

  describe('are kept', () => {
    it('refuses what fits no conversation', async () => {
      for (const body of [
        { title: 5 },
        { title: 'x'.repeat(201) },
        { userId: owner.userId },
        { id: 'mine' },
        [],
      ]) {
        expect(await owner.post(sessionsPath, body)).toMatchObject({
          status: 400,
          body: { error: { code: 'VALIDATION_FAILED' } },
        });
      }
      expect(await owner.post(sessionsPath, { modelId: 'openai/none' })).toMatchObject({
        status: 404,
        body: { error: { code: 'NOT_FOUND' } },
      });
      expect((await owner.get(`${sessionsPath}/not-a-uuid`)).status).toBe(400);
      expect((await owner.get(`${sessionsPath}?cursor=nonsense`)).status).toBe(400);
      expect((await owner.get(`${sessionsPath}?limit=0`)).status).toBe(400);
    });

    it('creates, renames and deletes them', async () => {
      const created = expectStatus(
        await owner.post(sessionsPath, { title: 'Plans', modelId: model.ref }),
        201,
      );
      expect(created).toEqual({
        id: expect.any(String),
        title: 'Plans',
        modelId: model.id,
        agentId: null,
        agent: null,
        agentSwitches: [],
        folderId: null,
        headMessageId: null,
        createdAt: expect.stringMatching(/Z$/),
        updatedAt: created.createdAt,
      });
      const path = `${sessionsPath}/${created.id}`;
      expect(expectStatus(await owner.patch(path, { title: 'Better plans' }))).toMatchObject({
        title: 'Better plans',
        modelId: model.id,
      });
      expect(expectStatus(await owner.patch(path, { modelId: null }))).toMatchObject({
        title: 'Better plans',
        modelId: null,
      });
      expect(expectStatus(await owner.get(path)).title).toBe('Better plans');
      await say(owner, created.id, { text: 'Hello' });
      expect(expectStatus(await owner.get(path)).title).toBe('Better plans');
      expect((await owner.delete(path)).status).toBe(204);
      for (const gone of [
        await owner.get(path),
        await owner.get(`${path}/messages`),
        await owner.delete(path),
      ])
        expect(gone.status).toBe(404);
    });

    it('names them after their first message where nobody did', async () => {
      const sessionId = await createSession(owner);
      await say(owner, sessionId, { text: `  How do\n\nI  ask? ${'x'.repeat(200)}` });
      await say(owner, sessionId, { text: 'Something else' });
      const { title } = expectStatus(await owner.get(`${sessionsPath}/${sessionId}`));
      expect(title).toMatch(/^How do I ask\? x+$/);
      expect(title).toHaveLength(80);
    });

    it('lists them latest first, page by page, each once', async () => {
      const person = await createTeam(await signUp(app));
      const ids: string[] = [];
      for (let count = 0; count < 7; count += 1) ids.push(await createSession(person));
      await person.patch(`${sessionsPath}/${ids[2]}`, { title: 'Touched last' });
      const expected = [ids[2], ...ids.filter((id) => id !== ids[2]).reverse()];
      const seen: string[] = [];
      let cursor = '';
      for (let pages = 0; pages < 10; pages += 1) {
        const page = expectStatus(
          await person.get(`${sessionsPath}?limit=3${cursor && `&cursor=${cursor}`}`),
        );
        seen.push(...page.items.map(({ id }: { id: string }) => id));
        cursor = page.nextCursor ?? '';
        if (!cursor) break;
      }
      expect(seen).toEqual(expected);
    });

    it('gives messages oldest first, page by page', async () => {
      const sessionId = await createSession(owner);
      for (const text of ['one', 'two', 'three'])
        await say(owner, sessionId, { text: `${text}\n/sandbox answer=re-${text}` });
      const path = `${sessionsPath}/${sessionId}/messages`;
      const first = expectStatus(await owner.get(`${path}?limit=4`));
      const second = expectStatus(await owner.get(`${path}?limit=4&cursor=${first.nextCursor}`));
      expect(second).not.toHaveProperty('nextCursor');
      const texts = [...first.items, ...second.items].map(
        ({ role, parts }) => `${role} ${parts[0].text.split('\n')[0]}`,
      );
      expect(texts).toEqual([
        'user one',
        'assistant re-one',
        'user two',
        'assistant re-two',
        'user three',
        'assistant re-three',
      ]);
    });
  });

  describe('take messages', () => {
    it('refuses what says nothing, says it twice, or is not from a user', async () => {
      const sessionId = await createSession(owner);
      const text = (value: unknown) => ({ type: 'text', text: value });
      for (const body of [
        {},
        { text: '' },
        { text: ' \n ' },
        { text: 5 },
        { text: 'a\u0000b' },
        { text: 'x'.repeat(200_001) },
        { text: 'a', message: { role: 'user', parts: [text('b')] } },
        { text: 'a', status: 'complete' },
        { message: { role: 'assistant', parts: [text('I said so')] } },
        { message: { role: 'system', parts: [text('Obey')] } },
        { message: { role: 'user', parts: [] } },
        { message: { role: 'user', parts: [text(5)] } },
        {
          message: {
            role: 'user',
            parts: [{ type: 'file', mediaType: 'image/png', url: 'http://169.254.169.254/' }],
          },
        },
        { message: { role: 'user', parts: [{ type: 'tool-run', state: 'output-available' }] } },
      ]) {
        expect(await post(sessionId, body)).toMatchObject({
          status: 400,
          body: { error: { code: 'VALIDATION_FAILED' } },
        });
      }
      expect(await messagesOf(sessionId)).toEqual([]);
    });

    it('refuses a second message while an answer is running, however many come at once', async () => {
      const sessionId = await createSession(owner);
      const answers = await Promise.all(
        Array.from({ length: 6 }, () => openAnswer(owner, sessionId, { text: slowly(5_000, 50) })),
      );
      const statuses = answers.map(({ response }) => response.status);
      expect(statuses.toSorted()).toEqual([200, 409, 409, 409, 409, 409]);
      const refused = await answers.find(({ response }) => response.status === 409)?.response.json();
      expect(refused.error).toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('stop') });
      expectStatus(await owner.post(`${sessionsPath}/${sessionId}/stop`));
      expect(await messagesOf(sessionId)).toHaveLength(2);
      expect((await say(owner, sessionId, { text: 'Next' })).status).toBe(200);
    });

    it('takes a message once: the same id again is refused', async () => {
      const sessionId = await createSession(owner);
      const message = { id: 'client-1', role: 'user', parts: [{ type: 'text', text: 'Once' }] };
      expect((await say(owner, sessionId, { message })).status).toBe(200);
      expect(await post(sessionId, { message })).toMatchObject({
        status: 409,
        body: { error: { code: 'CONFLICT' } },
      });
      expect(await messagesOf(sessionId)).toHaveLength(2);
      const elsewhere = await createSession(owner);
      expect((await say(owner, elsewhere, { message })).status).toBe(200);
    });

    it('streams the answer as the AI SDK reads it: whole, and equal to what is stored', async () => {
      const sessionId = await createSession(owner);
      const message = {
        id: 'm1',
        role: 'user',
        parts: [
          { type: 'text', text: 'Think\n' },
          { type: 'text', text: '/sandbox reasoning="Hm, well" answer="Here it is"' },
        ],
      };
      const response = await owner.fetch(`${sessionsPath}/${sessionId}/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ message }),
      });
      expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
      expect(response.headers.get('x-vercel-ai-ui-message-stream')).toBe('v1');
      expect(response.headers.get('cache-control')).toContain('no-');
      const chunks: UIMessageChunk[] = [];
      for await (const chunk of readChunks(response)) chunks.push(chunk);
      expect(chunks.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1])).toEqual([
        'start',
        'start-step',
        'message-metadata',
        'reasoning-start',
        'reasoning-delta',
        'reasoning-end',
        'text-start',
        'text-delta',
        'text-end',
        'finish-step',
        'finish',
      ]);
      const stream = new ReadableStream<UIMessageChunk>({
        pull(controller) {
          const chunk = chunks.shift();
          if (chunk) controller.enqueue(chunk);
          else controller.close();
        },
      });
      let last;
      for await (const state of readUIMessageStream({ stream })) last = state;
      const [question, answer] = await messagesOf(sessionId);
      expect(question).toMatchObject({ role: 'user', status: 'complete', parts: message.parts });
      expect(answer).toMatchObject({
        id: last?.id,
        role: 'assistant',
        status: 'complete',
        modelRef: 'sandbox/echo',
      });
      expect(answer.parts).toEqual(last?.parts.filter(({ type }) => type !== 'step-start'));
      expect(answer.parts.map(({ text }: { text: string }) => text)).toEqual(['Hm, well', 'Here it is']);
      expect(last?.metadata).toEqual({
        sessionId,
        executionId: answer.executionId,
        modelRef: 'sandbox/echo',
      });
      expect(await executionOf(answer.executionId)).toMatchObject({ appId: 'chat', outcome: 'completed' });
    });

    it('sends the model the whole conversation, without answers that said nothing', async () => {
      const sessionId = await createSession(owner, { modelId: model.id });
      server.next(
        { reply: { text: 'Paris.' } },
        { reply: { chunks: ['Half ', 'of it'], cutAfterChunks: 1 } },
        { fail: { status: 400 } },
      );
      await say(owner, sessionId, { text: 'Capital of France?' });
      await say(owner, sessionId, { text: 'And its history?' });
      expect((await say(owner, sessionId, { text: 'Broken' })).status).toBe(502);
      await say(owner, sessionId, { text: 'Go on.' });
      const { messages } = server.requests.at(-1)!.body as { messages: { role: string; content: string }[] };
      expect(messages.map(({ role, content }) => [role, role === 'system' ? '' : content])).toEqual([
        ['system', ''],
        ['user', 'Capital of France?'],
        ['assistant', 'Paris.'],
        ['user', 'And its history?'],
        ['assistant', 'Half '],
        ['user', 'Broken'],
        ['user', 'Go on.'],
      ]);
    });

    it('goes by what the conversation is now, whatever this process has seen of it', async () => {
      const { pool } = app.nest.get(Database);
      const asAnotherReplica = (statement: string, id: string) => pool.query(statement, [id]);
      const answeredBy = async (id: string) => {
        expect((await post(id, { text: 'Hello' })).status).toBe(200);
        return (await messagesOf(id)).at(-1).modelRef;
      };
      const sessionId = await createSession(owner);
      expect(await answeredBy(sessionId)).toBe('sandbox/echo');
      await asAnotherReplica(`update chat_session set model_id = '${model.id}' where id = $1`, sessionId);
      expect(await answeredBy(sessionId)).toBe(model.ref);
      await asAnotherReplica('update chat_session set model_id = null where id = $1', sessionId);
      expect(await answeredBy(sessionId)).toBe('sandbox/echo');
      expect(await messagesOf(sessionId)).toHaveLength(6);

      const agent = { name: 'Set elsewhere', instructions: 'You were set elsewhere.' };
      const { id: agentId } = expectStatus(await owner.post('/api/v1/agents', agent), 201);
      await asAnotherReplica(
        `update chat_session set agent_id = '${agentId}', agent_name = 'Set elsewhere', agent_version = 1 where id = $1`,
        sessionId,
      );
      expect((await say(owner, sessionId, { text: 'Hello' })).text).toContain('You were set elsewhere.');

      const gone = await createSession(owner);
      await asAnotherReplica('delete from chat_session where id = $1', gone);
      expect((await post(gone, { text: 'Hello' })).status).toBe(404);
    });

    it("asks the message's model, else the conversation's, else the user's, else the team's default", async () => {
      const answeredBy = async (client: Client, session: object, body: object) => {
        const sessionId = await createSession(client, session);
        await say(client, sessionId, { text: 'Hello', ...body });
        return (await messagesOf(sessionId, client)).at(-1).modelRef;
      };
      expect(await answeredBy(member, {}, {})).toBe('sandbox/echo');
      expect(await answeredBy(member, { modelId: model.ref }, {})).toBe(model.ref);
      expect(await answeredBy(member, { modelId: model.ref }, { modelId: 'sandbox/echo' })).toBe(
        'sandbox/echo',
      );
      const { version } = expectStatus(await member.get('/api/v1/app-config/chat/me'));
      expectStatus(
        await member.put('/api/v1/app-config/chat/me', { config: { defaultModelId: model.ref }, version }),
      );
      expect(await answeredBy(member, {}, {})).toBe(model.ref);
      expect(await answeredBy(owner, {}, {})).toBe('sandbox/echo');
    });
  });

  describe('while an answer runs', () => {
    it('has nothing to join or to stop where none is running', async () => {
      const sessionId = await createSession(owner);
      expect((await owner.get(`${sessionsPath}/${sessionId}/stream`)).status).toBe(204);
      expect((await owner.post(`${sessionsPath}/${sessionId}/stop`)).status).toBe(204);
      expect(expectStatus(await owner.mutate('chat.stop', { sessionId })).result).toEqual({ data: null });
      await say(owner, sessionId, { text: 'Hello' });
      expect((await owner.get(`${sessionsPath}/${sessionId}/stream`)).status).toBe(204);
    });

    it('goes on when its reader goes away', async () => {
      const sessionId = await createSession(owner);
      const answer = await openAnswer(owner, sessionId, { text: slowly(60, 100) });
      await answer.readWords(5);
      answer.hangUp();
      const stored = await endedAnswer(sessionId);
      expect(stored.status).toBe('complete');
      expect(stored.parts[0].text).toMatch(/^w0 .* w59$/);
      expect(await executionOf(stored.executionId)).toMatchObject({
        outcome: 'completed',
        usage: { source: 'provider', outputTokens: 60 },
      });
    });

    it('can be joined from its beginning, by as many as want', async () => {
      const sessionId = await createSession(owner);
      const answer = await openAnswer(owner, sessionId, { text: slowly(5_000, 50) });
      await answer.readWords(20);
      const joined = await Promise.all([joinAnswer(owner, sessionId), joinAnswer(owner, sessionId)]);
      expect(joined[0].response.headers.get('x-vercel-ai-ui-message-stream')).toBe('v1');
      await answer.readWords(25);
      expectStatus(await owner.post(`${sessionsPath}/${sessionId}/stop`));
      await Promise.all([answer, ...joined].map((reader) => reader.readAll()));
      for (const reader of joined) expect(reader.chunks).toEqual(answer.chunks);
      expect(answer.text).toMatch(/^w0 .* w2\d /);
    });

    it('is stored as it grows, so that a reader without a stream sees it', async () => {
      const sessionId = await createSession(owner);
      const answer = await openAnswer(owner, sessionId, { text: slowly(5_000, 80) });
      await answer.readWords(60);
      const [, stored] = await messagesOf(sessionId);
      expect(stored.status).toBe('streaming');
      expect(stored.parts[0].text.split(' ').length).toBeGreaterThan(10);
      answer.hangUp();
      expectStatus(await owner.post(`${sessionsPath}/${sessionId}/stop`));
    });

    it('is stopped by its user: what it said is kept, counted, and said to every reader', async () => {
      const sessionId = await createSession(owner);
      const answer = await openAnswer(owner, sessionId, { text: slowly(500, 50) });
      await answer.readWords(10);
      const stopped = expectStatus(await owner.post(`${sessionsPath}/${sessionId}/stop`));
      await answer.readAll();
      expect(answer.chunks.at(-1)?.type).toBe('abort');
      const [, stored] = await messagesOf(sessionId);
      expect(stored).toEqual({ ...stopped, siblings: [stopped.id] });
      expect(stored.status).toBe('stopped');
      expect(stored.parts[0].text).toMatch(/^w0 w1 /);
      expect(stored.parts[0].text.trim()).toBe(textOf(answer.chunks).trim());
      const execution = await executionOf(stored.executionId);
      expect(execution).toMatchObject({ outcome: 'stopped', usage: { source: 'estimated' } });
      expect(execution.usage.outputTokens).toBeGreaterThan(5);
      // The conversation goes on, and the model is told what was said.
      const next = await say(owner, sessionId, { text: 'Go on' });
      expect(next.text).toContain('w0 w1 w2');
    });

    it('is stopped at the provider too', async () => {
      server.next({ reply: { chunks: Array<string>(500).fill('word '), chunkDelayMs: 20 } });
      const sessionId = await createSession(owner, { modelId: model.id });
      const answer = await openAnswer(owner, sessionId, { text: 'Hello' });
      await answer.readWords(3);
      expectStatus(await owner.post(`${sessionsPath}/${sessionId}/stop`));
      await server.requests[0]?.aborted;
      expect((await endedAnswer(sessionId)).status).toBe('stopped');
    });

    it('is stopped also before its first word', async () => {
      server.next({ hang: true });
      const sessionId = await createSession(owner, { modelId: model.id });
      const sent = openAnswer(owner, sessionId, { text: 'Hello' });
      await eventually(async () => server.requests.length === 1);
      expect(expectStatus(await owner.post(`${sessionsPath}/${sessionId}/stop`))).toMatchObject({
        status: 'stopped',
        parts: [],
      });
      const answer = await sent;
      expect(answer.response.status).toBe(200);
      await answer.readAll();
      expect(answer.chunks.map(({ type }) => type)).toContain('abort');
      const [, stored] = await messagesOf(sessionId);
      expect(await executionOf(stored.executionId)).toMatchObject({
        outcome: 'stopped',
        usage: { source: 'unknown' },
      });
    });

    it('ends when its conversation is deleted', async () => {
      server.next({ reply: { chunks: Array<string>(500).fill('word '), chunkDelayMs: 20 } });
      const sessionId = await createSession(owner, { modelId: model.id });
      const answer = await openAnswer(owner, sessionId, { text: 'Hello' });
      await answer.readWords(3);
      expect((await owner.delete(`${sessionsPath}/${sessionId}`)).status).toBe(204);
      await answer.readAll();
      await server.requests[0]?.aborted;
      expect((await owner.get(`${sessionsPath}/${sessionId}/messages`)).status).toBe(404);
      expect((await listExecutions(owner))[0]).toMatchObject({ modelRef: model.ref, outcome: 'stopped' });
      expect(app.logs.filter((line) => line.includes('could not be stored'))).toEqual([]);
    });
  });

  describe('over tRPC', () => {
    let dispatcher: Agent;
    const subscriptions: { unsubscribe(): void }[] = [];

    beforeAll(() => {
      dispatcher = new Agent();
    });

    // A client that was left alone would ask for ever.
    afterEach(() => subscriptions.splice(0).forEach((subscription) => subscription.unsubscribe()));

    afterAll(() => dispatcher.close());

    const connect = (client: Client) => {
      const headers = client.headers();
      const withHeaders = dispatcher.compose(
        (dispatch) => (options, handler) =>
          dispatch({ ...options, headers: { ...options.headers, ...headers } }, handler),
      );
      const url = `${app.url}/trpc`;
      return createTRPCClient<AppRouter>({
        links: [
          splitLink({
            condition: ({ type }) => type === 'subscription',
            true: httpSubscriptionLink({
              url,
              EventSource,
              eventSourceOptions: { node: { dispatcher: withHeaders } },
            }),
            false: httpLink({ url, headers }),
          }),
        ],
      });
    };

    type Trpc = ReturnType<typeof connect>;

    interface Listeners {
      onData(data: unknown): void;
      onError(error: unknown): void;
      onComplete(): void;
    }

    /** All that a subscription yields. */
    const collect = <T>(
      begin: (listeners: Listeners) => { unsubscribe(): void },
      onItem: (item: T) => void = () => undefined,
    ) =>
      new Promise<T[]>((resolve, reject) => {
        const items: T[] = [];
        const subscription = begin({
          onData: (data) => {
            const item = data as T; // through JSON, which the type says with optional fields
            items.push(item);
            onItem(item);
          },
          onError: reject,
          onComplete: () => resolve(items),
        });
        subscriptions.push(subscription);
      });

    /** Subscribes, and gives what came: the chunks, or the error. */
    const subscribe = (
      trpc: Trpc,
      input: Parameters<Trpc['chat']['sendMessage']['subscribe']>[0],
      onChunk?: (chunk: UIMessageChunk) => void,
    ) => collect<UIMessageChunk>((listeners) => trpc.chat.sendMessage.subscribe(input, listeners), onChunk);

    it('refuses with the codes of REST', async () => {
      const trpc = connect(owner);
      const codeOf = async (promise: Promise<unknown>) => {
        const error: unknown = await promise.then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        if (!(error instanceof TRPCClientError)) throw new Error('It did not fail.');
        return [error.data?.httpStatus, error.data?.error.code];
      };
      const sessionId = '019aa000-0000-7000-8000-00000000dead';
      expect(await codeOf(trpc.chat.getSession.query({ sessionId }))).toEqual([404, 'NOT_FOUND']);
      expect(await codeOf(trpc.chat.getSession.query({ sessionId: 'no' }))).toEqual([
        400,
        'VALIDATION_FAILED',
      ]);
      expect(await codeOf(subscribe(trpc, { sessionId, text: 'Hello' }))).toEqual([404, 'NOT_FOUND']);
      const mine = await trpc.chat.createSession.mutate({});
      expect(await codeOf(subscribe(trpc, { sessionId: mine.id, text: ' ' }))).toEqual([
        400,
        'VALIDATION_FAILED',
      ]);
    });

    it('says once that no model answers, and does not send the message again', async () => {
      const trpc = connect(owner);
      const { id: sessionId } = await trpc.chat.createSession.mutate({ modelId: model.ref });
      server.always({ fail: { status: 400 } });
      await expect(subscribe(trpc, { sessionId, text: 'Hello' })).rejects.toMatchObject({
        data: { code: 'INTERNAL_SERVER_ERROR', httpStatus: 500, error: { code: 'PROVIDER_FAILED' } },
      });
      expect(server.requests).toHaveLength(1);
      expect(await messagesOf(sessionId)).toHaveLength(2);
    });

    it('does the same as REST with the same conversations', async () => {
      const trpc = connect(member);
      const { id: sessionId } = await trpc.chat.createSession.mutate({ title: 'Over tRPC' });
      expect(await trpc.chat.updateSession.mutate({ sessionId, title: 'Renamed' })).toMatchObject({
        title: 'Renamed',
      });
      expect(expectStatus(await member.get(`${sessionsPath}/${sessionId}`)).title).toBe('Renamed');
      expect((await trpc.chat.findSessions.query({ limit: 1 })).items).toMatchObject([{ id: sessionId }]);
      await say(member, sessionId, { text: 'Hello' });
      const { items } = await trpc.chat.getMessages.query({ sessionId });
      expect(items).toEqual(await messagesOf(sessionId, member));
      await trpc.chat.deleteSession.mutate({ sessionId });
      expect((await member.get(`${sessionsPath}/${sessionId}`)).status).toBe(404);
    });

    it('streams the parts that REST streams', async () => {
      const trpc = connect(owner);
      const { id: sessionId } = await trpc.chat.createSession.mutate({});
      const chunks = await subscribe(trpc, { sessionId, text: slowly(20, 200) });
      expect(textOf(chunks)).toMatch(/^w0 .* w19$/);
      expect(chunks[0]).toMatchObject({
        type: 'start',
        messageMetadata: { executionId: expect.any(String) },
      });
      expect(chunks.at(-1)?.type).toBe('finish');
      expect((await messagesOf(sessionId)).at(-1)).toMatchObject({
        status: 'complete',
        parts: [{ text: textOf(chunks) }],
      });
    });

    it('goes on with an answer, each chunk under the id of its event', async () => {
      const trpc = connect(owner);
      const { id: sessionId } = await trpc.chat.createSession.mutate({});
      const resume = (input: Parameters<Trpc['chat']['resumeMessage']['subscribe']>[0]) =>
        collect<{ id: string; data: UIMessageChunk }>((listeners) =>
          trpc.chat.resumeMessage.subscribe(input, listeners),
        );
      await expect(resume({ sessionId, lastEventId: 'none' })).rejects.toMatchObject({
        data: { error: { code: 'VALIDATION_FAILED' } },
      });
      expect(await resume({ sessionId })).toEqual([]);
      const answer = await openAnswer(owner, sessionId, { text: slowly(60, 60) });
      await answer.readWords(10);
      const all = resume({ sessionId });
      await answer.readAll();
      const got = await all;
      expect(got.map(({ data }) => data)).toEqual(answer.chunks);
      const fifth = got[4]?.id ?? '';
      expect(fifth).toMatch(/^5\.[0-9a-f]{8}$/);
      expect(await resume({ sessionId, lastEventId: fifth })).toEqual(got.slice(5));
      await expect(
        resume({ sessionId: await createSession(member), lastEventId: fifth }),
      ).rejects.toMatchObject({ data: { error: { code: 'NOT_FOUND' } } });
    });

    it('sends a message once under a key', async () => {
      const trpc = connect(owner);
      const { id: sessionId } = await trpc.chat.createSession.mutate({});
      const input = { sessionId, text: slowly(20, 200), idempotencyKey: 'over-trpc' };
      const [one, other] = await Promise.all([subscribe(trpc, input), subscribe(trpc, input)]);
      expect(other).toEqual(one);
      expect(await messagesOf(sessionId)).toHaveLength(2);
      await expect(subscribe(trpc, { ...input, text: 'Another' })).rejects.toMatchObject({
        data: { error: { code: 'CONFLICT' } },
      });
    });

    it('asks again once under a key, exports, and gives a file, like REST and to their owner alone', async () => {
      const trpc = connect(owner);
      const { id: sessionId } = await trpc.chat.createSession.mutate({ title: 'To keep' });
      const file = {
        type: 'file',
        mediaType: 'text/csv',
        filename: 'a.csv',
        url: 'data:text/csv;base64,YSxiCg==',
      };
      const parts = [{ type: 'text', text: 'Look' }, file];
      await subscribe(trpc, { sessionId, message: { role: 'user', parts } });
      const [question] = await messagesOf(sessionId);

      const again = { sessionId, messageId: question.id, idempotencyKey: 'again' };
      const regenerate = (input: typeof again) =>
        collect<UIMessageChunk>((listeners) => trpc.chat.regenerate.subscribe(input, listeners));
      expect(await regenerate(again)).toEqual(await regenerate(again));
      await expect(regenerate({ ...again, idempotencyKey: '' })).rejects.toMatchObject({
        data: { error: { code: 'VALIDATION_FAILED' } },
      });

      const exported = (by: Trpc, format?: 'markdown' | 'json', more: { lastEventId?: number } = {}) =>
        collect<{ id: string; data: string }>((listeners) =>
          by.chat.exportSession.subscribe({ sessionId, ...(format ? { format } : {}), ...more }, listeners),
        ).then((pieces) => pieces.map(({ data }) => data));
      for (const format of ['markdown', 'json'] as const) {
        const text = (await exported(trpc, format)).join('');
        expect(text).toBe((await owner.get(`${sessionsPath}/${sessionId}/export?format=${format}`)).text);
      }
      expect((await exported(trpc)).join('')).toContain('# To keep');
      // A client that was cut goes on behind the last piece that it has.
      const pieces = await exported(trpc, 'json');
      expect(await exported(trpc, 'json', { lastEventId: 2 })).toEqual(pieces.slice(2));
      await expect(exported(trpc, 'json', { lastEventId: -1 })).rejects.toMatchObject({
        data: { error: { code: 'VALIDATION_FAILED' } },
      });
      // The question, and an answer for each time that it was asked.
      expect(JSON.parse((await exported(trpc, 'json')).join('')).messages).toHaveLength(3);

      const fileId = question.parts[1].url.split('/').at(-1);
      expect(await trpc.chat.getFile.query({ sessionId, fileId })).toEqual({
        id: fileId,
        mediaType: 'text/csv',
        filename: 'a.csv',
        content: 'YSxiCg==',
      });
      const twice = { 0: { sessionId, fileId }, 1: { sessionId, fileId } };
      const batch = await owner.get(
        `/trpc/chat.getFile,chat.getFile?batch=1&input=${encodeURIComponent(JSON.stringify(twice))}`,
      );
      expect(batch.text.match(/"code":"VALIDATION_FAILED"/g)).toHaveLength(2);
      expect(batch.text).not.toContain('YSxiCg==');
      const notFound = { data: { error: { code: 'NOT_FOUND' } } };
      await expect(exported(connect(member))).rejects.toMatchObject(notFound);
      await expect(connect(member).chat.getFile.query({ sessionId, fileId })).rejects.toMatchObject(notFound);
    });

    it('stops an answer, whoever reads it', async () => {
      const trpc = connect(owner);
      const { id: sessionId } = await trpc.chat.createSession.mutate({});
      let stopped: Promise<unknown> | undefined;
      const chunks = await subscribe(trpc, { sessionId, text: slowly(500, 50) }, ({ type }) => {
        if (type === 'text-delta') stopped ??= trpc.chat.stop.mutate({ sessionId });
      });
      expect(chunks.at(-1)?.type).toBe('abort');
      expect(await stopped).toMatchObject({ status: 'stopped', parts: [{ type: 'text' }] });
      expect(await messagesOf(sessionId)).toHaveLength(2);
    });
  });
});
