import { startTestApp, type TestApp } from '../support/app';
import { createSession, createTeam, say, signUp, type Answer, type Client } from '../support/client';
import { bytesAfter, joinBytes, openBytes, type Place } from '../support/event-streams';
import { addTeamProvider, expectStatus, listExecutions, type UsableModel } from '../support/providers';
import { slowly } from '../support/streams';
import { startWireServer, type WireServer } from '../support/wire';

const sessionsPath = '/api/v1/chat/sessions';

describe('an answer that is hard to carry', () => {
  let app: TestApp;
  let owner: Client & { teamId: string };
  let wire: WireServer;
  let model: UsableModel;

  beforeAll(async () => {
    app = await startTestApp();
    owner = await createTeam(await signUp(app));
    wire = await startWireServer('openai');
    model = await addTeamProvider(owner, wire, { name: 'wired', key: 'sk-the-first-key-01' });
  }, 60_000);

  afterEach(() => wire.reset());

  afterAll(async () => {
    await app.close();
    await wire.close();
  });

  const answerOf = async (sessionId: string): Promise<Answer['body']> =>
    expectStatus(await owner.get(`${sessionsPath}/${sessionId}/messages`)).items[1];

  it('with bytes that are no UTF-8 reaches its readers and the database as UTF-8', async () => {
    wire.next({ reply: { chunks: ['Gr', 'ü', 'ße'], invalidUtf8AfterChunks: 1 } });
    const sessionId = await createSession(owner, { modelId: model.id });
    const { status, text } = await say(owner, sessionId, { text: 'Hello' });
    expect([status, text]).toEqual([200, 'Gr\u{fffd}üße']);
    expect(await answerOf(sessionId)).toMatchObject({ status: 'complete', parts: [{ text }] });
  });

  it('whose provider dies after its last word, before it says that this was it, is kept as failed', async () => {
    wire.next({ reply: { chunks: ['All ', 'of ', 'it'], cutAfterChunks: 3 } });
    const sessionId = await createSession(owner, { modelId: model.id });
    const { text, chunks } = await say(owner, sessionId, { text: 'Hello' });
    expect(text).toBe('All of it');
    expect(chunks.some(({ type }) => type === 'error')).toBe(true);
    expect(chunks.at(-1)).toMatchObject({ type: 'finish', finishReason: 'error' });
    expect(await answerOf(sessionId)).toMatchObject({
      status: 'failed',
      parts: [{ text }],
      error: { code: 'PROVIDER_FAILED' },
    });
    expect((await listExecutions(owner))[0]).toMatchObject({
      outcome: 'failed',
      usage: { source: 'estimated', outputTokens: expect.any(Number) },
    });
  });

  it('which a hundred clients join at once gives each of them the same bytes, from where it asks', async () => {
    const sessionId = await createSession(owner);
    const whole = await openBytes(owner, sessionId, { text: slowly(250, 50) }); // longer than a hundred take to join
    await whole.readBytes(2_000);
    const ids = [...whole.text.matchAll(/^id: (\S+)$/gm)].map(([, id]) => id!);
    const places = Array.from({ length: 100 }, (_, index): Place => {
      if (index % 3 === 0) return {};
      return index % 3 === 1 ? { offset: index * 17 } : { lastEventId: ids[index % ids.length]! };
    });
    const readers = await Promise.all(places.map((place) => joinBytes(owner, sessionId, place)));
    await Promise.all([whole, ...readers].map((reader) => reader.readAll()));
    expect(whole.isWhole).toBe(true);
    for (const [index, { lastEventId, offset = 0 }] of places.entries()) {
      const rest = lastEventId ? bytesAfter(whole.received, lastEventId) : whole.received.subarray(offset);
      expect(readers[index]!.received.equals(rest)).toBe(true);
    }
  });

  it('is not kept waiting by a reader who takes a byte now and then, and who gets all of it in the end', async () => {
    const sessionId = await createSession(owner);
    const fast = await openBytes(owner, sessionId, { text: slowly(150, 100) });
    await fast.readBytes(500);
    const slow = await joinBytes(owner, sessionId);
    const timer = setInterval(() => void slow.readBytes(slow.length + 1), 200);
    const startedAt = performance.now();
    await fast.readAll();
    clearInterval(timer);
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    expect(await answerOf(sessionId)).toMatchObject({ status: 'complete' });
    expect((await slow.readAll()).received.equals(fast.received)).toBe(true);
  });

  it('goes on with the key that it began with when the key is replaced; the next one has the new key', async () => {
    wire.next({ reply: { chunks: Array.from({ length: 20 }, () => 'word '), chunkDelayMs: 30 } });
    const sessionId = await createSession(owner, { modelId: model.id });
    const reader = await openBytes(owner, sessionId, { text: 'Hello' });
    await reader.readBytes(400);
    const token = 'sk-the-other-key-02';
    expectStatus(await owner.put(`/api/v1/tokens/${model.providerId}`, { token }));
    expect((await reader.readAll()).isWhole).toBe(true);
    expect(await answerOf(sessionId)).toMatchObject({
      status: 'complete',
      parts: [{ text: 'word '.repeat(20) }],
    });
    expect((await say(owner, sessionId, { text: 'Again' })).status).toBe(200);
    expect(wire.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer sk-the-first-key-01',
      `Bearer ${token}`,
    ]);
  });

  it('ends as it would have when its agent is deleted meanwhile', async () => {
    const agent = expectStatus(
      await owner.post('/api/v1/agents', { name: 'Short-lived', instructions: 'Answer.' }),
      201,
    );
    const sessionId = await createSession(owner, { agentId: agent.id });
    const reader = await openBytes(owner, sessionId, { text: slowly(40, 60) });
    await reader.readBytes(600);
    expectStatus(await owner.delete(`/api/v1/agents/${agent.id}`), 204);
    expect((await reader.readAll()).isWhole).toBe(true);
    expect(await answerOf(sessionId)).toMatchObject({
      status: 'complete',
      parts: [{ text: expect.stringMatching(/^w0 .* w39$/) }],
    });
  });
});
