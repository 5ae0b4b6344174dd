import type { UIMessage } from 'ai';
import { startTestApp, type TestApp } from '../support/app';
import { createSession, createTeam, say, signUp, type Client } from '../support/client';
import { disableModel, enableModel, expectStatus, setDefaultModel, setTitles } from '../support/providers';
import { startWireServer, type WireServer } from '../support/wire';

const dot =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const ref = 'google/gemini-2.5-flash';

describe('all that a model says', () => {
  let app: TestApp;
  let owner: Client & { teamId: string };
  let server: WireServer;

  beforeAll(async () => {
    app = await startTestApp();
    owner = await createTeam(await signUp(app));
    server = await startWireServer('google');
    expectStatus(await owner.patch('/api/v1/providers/google', { baseUrl: server.baseUrl }));
    const model = { providerId: 'google', modelKey: 'gemini-2.5-flash', displayName: 'Gemini' };
    expectStatus(await owner.post('/api/v1/models', model), 201);
    expectStatus(await owner.put('/api/v1/tokens/google', { token: 'key-of-google-0001' }));
    await enableModel(owner, ref);
    await setDefaultModel(owner, ref);
    await disableModel(owner, 'sandbox/echo');
    await setTitles(owner, false);
  });

  afterAll(async () => {
    await app.close();
    await server.close();
  });

  const read = async (sessionId: string): Promise<UIMessage[]> =>
    expectStatus(await owner.get(`/api/v1/chat/sessions/${sessionId}/messages`)).items;

  it('is streamed, kept and read back whole: thoughts, text, pictures, sources', async () => {
    const sources = [
      { uri: 'https://example.com/one', title: 'One' },
      { uri: 'https://example.com/two', title: 'Two' },
    ];
    server.next({ reply: { reasoning: 'Let me see.', text: 'Here it is.', picture: dot, sources } });
    const sessionId = await createSession(owner);
    const { chunks } = await say(owner, sessionId, { text: 'Draw' });
    const types = chunks.map(({ type }) => type);
    for (const type of ['reasoning-delta', 'text-delta', 'file', 'source-url']) expect(types).toContain(type);
    const [, answer] = await read(sessionId);
    const parts = answer?.parts.map(({ type, ...part }) => ({ type, ...part })) ?? [];
    expect(parts).toMatchObject([
      { type: 'reasoning', text: 'Let me see.', state: 'done' },
      { type: 'text', text: 'Here it is.', state: 'done' },
      { type: 'file', mediaType: 'image/png', url: `data:image/png;base64,${dot}` },
      { type: 'source-url', url: 'https://example.com/one', title: 'One' },
      { type: 'source-url', url: 'https://example.com/two', title: 'Two' },
    ]);
    const text = (await owner.get(`/api/v1/chat/sessions/${sessionId}/export`)).text;
    expect(text).toContain('> Source: Two https');
  });

  it('goes back to the model with the next message, as far as it takes it', async () => {
    server.next({ reply: { text: 'A dot.', picture: dot } }, { reply: { text: 'Yes.' } });
    const sessionId = await createSession(owner);
    await say(owner, sessionId, { text: 'Draw' });
    expect((await say(owner, sessionId, { text: 'Is it red?' })).text).toBe('Yes.');
    const { contents } = server.requests.at(-1)!.body as { contents: { role: string; parts: object[] }[] };
    expect(contents.map(({ role }) => role)).toEqual(['user', 'model', 'user']);
    expect(contents[1]?.parts).toMatchObject([
      { text: 'A dot.' },
      { inlineData: { mimeType: 'image/png', data: dot } },
    ]);
  });
});
