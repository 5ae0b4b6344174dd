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
import { growConversation } from '../support/long-conversations';
import { addTeamProvider, expectStatus, type UsableModel } from '../support/providers';
import { eventually, openAnswer, slowly } from '../support/streams';
import { startWireServer, type WireServer } from '../support/wire';

const sessionsPath = '/api/v1/chat/sessions';
const never = '019aa000-0000-7000-8000-00000000dead';

describe('branches of a conversation', () => {
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

  const read = async (sessionId: string, query = '', client: Client = owner): Promise<Answer['body']> =>
    expectStatus(await client.get(`${sessionsPath}/${sessionId}/messages?limit=200${query}`));

  const shown = async (sessionId: string, query = ''): Promise<Answer['body'][]> =>
    (await read(sessionId, query)).items;

  const textsOf = (items: Answer['body'][]): string[] => items.map(({ parts }) => parts[0]?.text ?? '');

  const regenerate = (sessionId: string, messageId: string, body: object = {}, client: Client = owner) =>
    client.post(`${sessionsPath}/${sessionId}/messages/${messageId}/regenerate`, body);

  const told = (): string[] => {
    const { messages } = server.requests.at(-1)!.body as { messages: { role: string; content: string }[] };
    return messages.filter(({ role }) => role !== 'system').map(({ content }) => content);
  };

  const replies = (...texts: string[]) => server.next(...texts.map((text) => ({ reply: { text } })));

  /** Two questions with their answers. */
  const converse = async (): Promise<{ sessionId: string; messages: Answer['body'][] }> => {
    const sessionId = await createSession(owner, { modelId: model.id });
    replies('Re: one', 'Re: two');
    await say(owner, sessionId, { text: 'one' });
    await say(owner, sessionId, { text: 'two' });
    return { sessionId, messages: await shown(sessionId) };
  };

  it('are of one conversation: no message of another can be followed, regenerated, shown or read', async () => {
    const { sessionId, messages } = await converse();
    const elsewhere = await createSession(owner);
    await say(owner, elsewhere, { text: 'Elsewhere' });
    const [foreign] = await shown(elsewhere);
    const theirs = await createSession(member);
    await say(member, theirs, { text: 'Theirs' });
    const [ofMember] = (await read(theirs, '', member)).items;
    for (const id of [never, foreign.id, ofMember.id]) {
      const answers = [
        await owner.post(`${sessionsPath}/${sessionId}/messages`, { text: 'x', parentId: id }),
        await regenerate(sessionId, id),
        await owner.patch(`${sessionsPath}/${sessionId}`, { headMessageId: id }),
        await owner.get(`${sessionsPath}/${sessionId}/messages?branch=${id}`),
      ];
      for (const answer of answers)
        expect(answer).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } });
    }
    expect((await regenerate(sessionId, messages[1].id, {}, member)).status).toBe(404);
    expect(await shown(sessionId)).toEqual(messages);
  });

  it('refuse what names no message', async () => {
    const { sessionId } = await converse();
    for (const answer of [
      await owner.post(`${sessionsPath}/${sessionId}/messages`, { text: 'x', parentId: 'first' }),
      await owner.patch(`${sessionsPath}/${sessionId}`, { headMessageId: null }),
      await owner.get(`${sessionsPath}/${sessionId}/messages?branch=first`),
      await owner.get(`${sessionsPath}/${sessionId}/messages?cursor=${cursorOf(['x', never])}`),
      await regenerate(sessionId, 'first'),
    ])
      expect(answer).toMatchObject({ status: 400, body: { error: { code: 'VALIDATION_FAILED' } } });
  });

  it('begin where a message is edited: its old text and what followed stay beside it', async () => {
    const { sessionId, messages } = await converse();
    const [one, reOne, two, reTwo] = messages;
    expect(messages.map(({ parentId }) => parentId)).toEqual([null, one.id, reOne.id, two.id]);
    replies('Re: 2');
    await say(owner, sessionId, { text: '2', parentId: two.parentId });
    expect(told()).toEqual(['one', 'Re: one', '2']);
    const edited = await shown(sessionId);
    expect(textsOf(edited)).toEqual(['one', 'Re: one', '2', 'Re: 2']);
    expect(edited[2]).toMatchObject({ parentId: reOne.id, siblings: [two.id, edited[2].id] });
    expect(expectStatus(await owner.get(`${sessionsPath}/${sessionId}`)).headMessageId).toBe(edited[3].id);
    expect(textsOf(await shown(sessionId, `&branch=${two.id}`))).toEqual(textsOf(messages));

    expectStatus(await owner.patch(`${sessionsPath}/${sessionId}`, { headMessageId: two.id }));
    expect(expectStatus(await owner.get(`${sessionsPath}/${sessionId}`)).headMessageId).toBe(reTwo.id);
    replies('Re: three');
    await say(owner, sessionId, { text: 'three' });
    expect(told()).toEqual(['one', 'Re: one', 'two', 'Re: two', 'three']);

    replies('Anew');
    await say(owner, sessionId, { text: 'new', parentId: null });
    expect(told()).toEqual(['new']);
    expect((await shown(sessionId))[0].siblings).toHaveLength(2);
  });

  it('begin with another answer to a question, also of one that failed, and by another model', async () => {
    const sessionId = await createSession(owner, { modelId: model.id });
    server.next({ fail: { status: 400 } }, { reply: { text: 'Better' } });
    expect((await say(owner, sessionId, { text: 'Try' })).status).toBe(502);
    const [question, failed] = await shown(sessionId);
    expect(failed.status).toBe('failed');
    expect((await regenerate(sessionId, failed.id)).status).toBe(200);
    expect(told()).toEqual(['Try']);
    expect(
      expectStatus(await regenerate(sessionId, question.id, { modelId: 'sandbox/echo' })),
    ).toBeUndefined();
    const [same, answer] = await shown(sessionId);
    expect(same).toEqual(question);
    expect(answer).toMatchObject({ parentId: question.id, modelRef: 'sandbox/echo', status: 'complete' });
    expect(answer.siblings).toHaveLength(3);
    const [, better] = await shown(sessionId, `&branch=${answer.siblings[1]}`);
    expect(better).toMatchObject({ modelRef: model.ref, parts: [{ text: 'Better' }] });
  });

  it('give one answer at a time, also where it is another to an old question', async () => {
    const { sessionId, messages } = await converse();
    const running = await openAnswer(owner, sessionId, { text: slowly(2_000, 50), modelId: 'sandbox/echo' });
    await running.readWords(1);
    expect(await regenerate(sessionId, messages[1].id)).toMatchObject({
      status: 409,
      body: { error: { code: 'CONFLICT', message: expect.stringContaining('running') } },
    });
    expectStatus(await owner.post(`${sessionsPath}/${sessionId}/stop`));
    replies('Again');
    expect((await regenerate(sessionId, messages[1].id)).status).toBe(200);
  });

  it('are read page by page, to their end, whatever is shown meanwhile', async () => {
    const { sessionId, messages } = await converse();
    const path = `${sessionsPath}/${sessionId}/messages`;
    const first = expectStatus(await owner.get(`${path}?limit=1`));
    replies('Elsewhere');
    await say(owner, sessionId, { text: 'new', parentId: null });
    const rest = expectStatus(await owner.get(`${path}?limit=200&cursor=${first.nextCursor}`));
    expect(textsOf([...first.items, ...rest.items])).toEqual(textsOf(messages));
  });

  it('follow the newest answer where a question is named', async () => {
    const { sessionId, messages } = await converse();
    replies('Again', 'More');
    await regenerate(sessionId, messages[3].id);
    await say(owner, sessionId, { text: 'on', parentId: messages[2].id });
    expect(told()).toEqual(['one', 'Re: one', 'two', 'Again', 'on']);
  });

  it('of ten thousand messages begin an answer within seconds', async () => {
    const sessionId = await createSession(owner);
    await say(owner, sessionId, { text: 'first' });
    await growConversation(app, sessionId, 10_000);
    const startedAt = performance.now();
    await say(owner, sessionId, { text: 'last\n/sandbox answer=ok' });
    const tookMs = performance.now() - startedAt;
    expect(textsOf((await shown(sessionId)).slice(0, 1))).toEqual(['first']);
    expect(tookMs).toBeLessThan(5_000);
  });

  it('of ten thousand messages are changed within seconds', async () => {
    const sessionId = await createSession(owner);
    await say(owner, sessionId, { text: 'first' });
    await growConversation(app, sessionId, 10_000);
    const [first] = await shown(sessionId);
    const { headMessageId: leaf } = expectStatus(await owner.get(`${sessionsPath}/${sessionId}`));
    const startedAt = performance.now();
    const changed = expectStatus(
      await owner.patch(`${sessionsPath}/${sessionId}`, { headMessageId: first.id }),
    );
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect([changed.headMessageId, leaf]).toEqual([leaf, expect.any(String)]);
  });

  it('show which model answered, and why an earlier one did not', async () => {
    const person = await createTeam(await signUp(app));
    const failing = await startWireServer('openai');
    try {
      const broken = await addTeamProvider(person, failing, { name: 'broken' });
      const whole = await addTeamProvider(person, server, { name: 'whole' });
      failing.always({ fail: { status: 500 } });
      const sessionId = await createSession(person, { modelId: broken.id });
      const { chunks } = await say(person, sessionId, { text: 'Hi' });
      const tried = [{ modelRef: broken.ref, code: 'PROVIDER_FAILED', message: expect.any(String) }];
      expect(chunks.find(({ type }) => type === 'message-metadata')).toMatchObject({
        messageMetadata: { modelRef: whole.ref, triedModels: tried },
      });
      const [, answer] = (await read(sessionId, '', person)).items;
      expect(answer).toMatchObject({ modelRef: whole.ref, triedModels: tried });
      expect(JSON.stringify(answer)).not.toContain('sk-');
    } finally {
      await failing.close();
    }
  });

  it('over tRPC regenerate as over REST', async () => {
    const { sessionId, messages } = await converse();
    replies('Over tRPC');
    const answer = await owner.query('chat.regenerate', { sessionId, messageId: messages[3].id });
    expect(answer.text).toContain('"finish"');
    const again = await eventually(async () => {
      const last = (await shown(sessionId)).at(-1);
      return last.status === 'complete' && last;
    });
    expect(again).toMatchObject({ parentId: messages[2].id, parts: [{ text: 'Over tRPC' }] });
  });
});

function cursorOf(parts: string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}
