import { startTestApp, type TestApp } from '../support/app';
import { createSession, createTeam, say, signUp } from '../support/client';

describe('a first conversation', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  it('works in a new team before it has any key', async () => {
    const owner = await createTeam(await signUp(app));
    const sessionId = await createSession(owner);

    const answer = await say(owner, sessionId, { text: 'Hello!' });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('# Platform rules');
    expect(answer.text).toContain('Hello!');

    const messages = await owner.get(`/api/v1/chat/sessions/${sessionId}/messages`);
    expect(messages.body.items).toMatchObject([
      { role: 'user', status: 'complete', parts: [{ type: 'text', text: 'Hello!' }] },
      {
        role: 'assistant',
        status: 'complete',
        modelRef: 'sandbox/echo',
        parts: [{ type: 'text', text: answer.text }],
      },
    ]);

    const executions = await owner.get('/api/v1/executions');
    expect(executions.body.items).toMatchObject([
      {
        appId: 'chat',
        modelRef: 'sandbox/echo',
        outcome: 'completed',
        costNanoUsd: '0',
        usage: { source: 'provider' },
      },
    ]);
    expect(executions.body.items[0].usage.outputTokens).toBe(
      answer.chunks.filter(({ type }) => type === 'text-delta').length,
    );
  });
});
