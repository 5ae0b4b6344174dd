import { browseAs, leaveBrowser } from '../support/browser';
import { useChat } from '@ai-sdk/react';
import { act, cleanup, renderHook, waitFor } from '@testing-library/react';
import { DefaultChatTransport, generateId, readUIMessageStream, type UIMessage } from 'ai';
import { startTestApp, type TestApp } from '../support/app';
import { createTeam, signUp, type Answer, type Client } from '../support/client';
import { addTeamProvider, expectStatus, type UsableModel } from '../support/providers';
import { slowly, toStream } from '../support/streams';
import { startWireServer, type WireServer } from '../support/wire';

const chatPath = '/api/v1/chat';

/** A chat as a page has it, with the transport's default options. */
function openChat(options: { id?: string; messages?: UIMessage[]; resume?: boolean; body?: object } = {}) {
  const { body, ...rest } = options;
  const transport = new DefaultChatTransport({ api: chatPath, ...(body ? { body } : {}) });
  return renderHook(() => useChat({ transport, ...rest }));
}

type Chat = ReturnType<typeof openChat>;

const textOf = (message: UIMessage | undefined): string =>
  message?.parts.map((part) => (part.type === 'text' ? part.text : '')).join('') ?? '';

const textsOf = ({ result }: Chat): string[] => result.current.messages.map(textOf);

const within = { timeout: 15_000, interval: 10 };

/** Waits until the answer, or what failed of it, is there. */
const ended = (chat: Chat) =>
  waitFor(() => expect(['ready', 'error']).toContain(chat.result.current.status), within);

describe('useChat', () => {
  let app: TestApp;
  let owner: Client & { teamId: string };
  let server: WireServer;
  let model: UsableModel;

  beforeAll(async () => {
    app = await startTestApp();
    owner = await createTeam(await signUp(app));
    server = await startWireServer('openai');
    model = await addTeamProvider(owner, server, { name: 'wired' });
    browseAs(owner);
  }, 60_000);

  afterEach(() => {
    cleanup();
    server.reset();
  });

  afterAll(async () => {
    leaveBrowser();
    await app.close();
    await server.close();
  });

  const send = async (chat: Chat, text: string, messageId?: string): Promise<void> => {
    await act(() => chat.result.current.sendMessage({ text, ...(messageId ? { messageId } : {}) }));
    await ended(chat);
  };

  const load = async (id: string): Promise<UIMessage[]> =>
    expectStatus(await owner.get(`${chatPath}/${id}/messages`));

  /** What the model was told last, without its instructions. */
  const told = (): [string, string][] => {
    const { messages } = server.requests.at(-1)!.body as { messages: { role: string; content: string }[] };
    return messages.filter(({ role }) => role !== 'system').map(({ role, content }) => [role, content]);
  };

  const replies = (...texts: string[]) => server.next(...texts.map((text) => ({ reply: { text } })));

  it('is refused what is no request of a chat: by the field', async () => {
    const message = { id: 'm', role: 'user', parts: [{ type: 'text', text: 'Hi' }] };
    const fitting = { id: 'refused', trigger: 'submit-message', messages: [message] };
    const cases: [object, string][] = [
      [{ ...fitting, id: 'sessions' }, 'id'],
      [{ ...fitting, id: 'x'.repeat(101) }, 'id'],
      [{ ...fitting, trigger: 'resume-stream' }, 'trigger'],
      [{ ...fitting, messages: [] }, 'messages'],
      [{ ...fitting, messages: [message, { ...message, role: 'assistant' }] }, 'messages.1.role'],
      [{ ...fitting, messages: [{ ...message, role: 'system' }] }, 'messages.0.role'],
      [{ ...fitting, messages: [{ ...message, id: 5 }] }, 'messages.0.id'],
      [{ ...fitting, messages: [{ ...message, parts: 'Hi' }] }, 'messages.0.parts'],
      [{ ...fitting, messages: [{ ...message, parts: ['Hi'] }] }, 'messages.0.parts.0'],
      [{ ...fitting, messages: [{ ...message, parts: [{ type: 'tool-x' }] }] }, 'messages.0.parts.0'],
      [{ ...fitting, model: 'gpt' }, 'model'],
    ];
    for (const [body, field] of cases) {
      const answer = await owner.post(chatPath, body);
      expect(answer).toMatchObject({ status: 400, body: { error: { code: 'VALIDATION_FAILED' } } });
      expect(answer.body.error.details.fields[0].field).toBe(field);
    }
    expect(
      await owner.post(chatPath, { ...fitting, trigger: 'regenerate-message', messages: [] }),
    ).toMatchObject({
      status: 404,
      body: { error: { code: 'NOT_FOUND' } },
    });
    expect((await owner.get(`${chatPath}/refused/messages`)).status).toBe(404);
    expect((await owner.post(`${chatPath}/refused/stop`)).status).toBe(404);
  });

  it('goes on in one conversation where two first messages come at one moment', async () => {
    const id = generateId();
    const post = (text: string) =>
      owner.post(chatPath, {
        id,
        trigger: 'submit-message',
        messages: [{ id: text, role: 'user', parts: [{ type: 'text', text }] }],
      });
    const answers = await Promise.all(['one', 'two', 'three'].map(post));
    expect(answers.map(({ status }) => status).filter((status) => status !== 200 && status !== 409)).toEqual(
      [],
    );
    expect(answers.some(({ status }) => status === 200)).toBe(true);
    const { items } = expectStatus(await owner.get('/api/v1/chat/sessions?limit=200'));
    const shown = await load(id);
    expect(
      items.filter(
        ({ id: one }: { id: string }) => one === (shown[0]!.metadata as { sessionId: string }).sessionId,
      ),
    ).toHaveLength(1);
  });

  describe('on an error', () => {
    it('gives a person what to act on: the code, and what to do', async () => {
      const chat = openChat({ body: { modelId: 'openai/none' } });
      await send(chat, 'Hello');
      expect(chat.result.current.status).toBe('error');
      const { error } = JSON.parse(chat.result.current.error!.message);
      expect(error).toMatchObject({
        code: 'NOT_FOUND',
        message: expect.any(String),
        requestId: expect.any(String),
      });
      // Nothing was begun by what could not be answered.
      expect((await owner.get(`${chatPath}/${chat.result.current.id}/messages`)).status).toBe(404);
    });

    it('names the field of a message that it refuses', async () => {
      const chat = openChat();
      await send(chat, '   ');
      const { error } = JSON.parse(chat.result.current.error!.message);
      expect(error).toMatchObject({
        code: 'VALIDATION_FAILED',
        details: { fields: [{ field: 'messages.0.parts', problem: 'must say something' }] },
      });
    });

    it('says it in the same form where the answer broke off, and keeps what was said', async () => {
      const chat = openChat({ body: { modelId: model.ref } });
      server.next({ reply: { chunks: ['Half ', 'of it'], cutAfterChunks: 1 } });
      await send(chat, 'Go');
      expect(chat.result.current.status).toBe('error');
      expect(JSON.parse(chat.result.current.error!.message).error.code).toBe('PROVIDER_FAILED');
      expect(textsOf(chat)).toEqual(['Go', 'Half ']);
    });

    it('can be asked again: what failed before, and what never was stored', async () => {
      const chat = openChat({ body: { modelId: model.ref } });
      server.next({ fail: { status: 400 } }, { reply: { text: 'Now' } });
      await send(chat, 'Try');
      expect(chat.result.current.status).toBe('error');
      await act(() => chat.result.current.regenerate());
      await ended(chat);
      expect(textsOf(chat)).toEqual(['Try', 'Now']);

      const unsaid = openChat();
      await act(() =>
        unsaid.result.current.sendMessage({ text: 'Hi' }, { body: { modelId: 'openai/none' } }),
      );
      await ended(unsaid);
      replies('Hello');
      await act(() => unsaid.result.current.regenerate({ body: { modelId: model.ref } }));
      await ended(unsaid);
      expect(textsOf(unsaid)).toEqual(['Hi', 'Hello']);
      expect((await load(unsaid.result.current.id)).map(textOf)).toEqual(['Hi', 'Hello']);
    });
  });

  it('begins a conversation under its own id, and goes on in it', async () => {
    const chat = openChat({ body: { modelId: model.ref } });
    replies('Paris.', 'Old.');
    await send(chat, 'Capital of France?');
    await send(chat, 'And its history?');
    expect(chat.result.current.status).toBe('ready');
    expect(textsOf(chat)).toEqual(['Capital of France?', 'Paris.', 'And its history?', 'Old.']);
    expect(told()).toEqual([
      ['user', 'Capital of France?'],
      ['assistant', 'Paris.'],
      ['user', 'And its history?'],
    ]);
    expect(chat.result.current.messages[1]!.metadata).toMatchObject({
      sessionId: expect.any(String),
      executionId: expect.any(String),
      modelRef: model.ref,
    });
    const loaded = await load(chat.result.current.id);
    expect(loaded.map(({ id }) => id)).toEqual(chat.result.current.messages.map(({ id }) => id));
    expect(loaded.map(textOf)).toEqual(textsOf(chat));
  });

  it('goes on in a conversation that was begun elsewhere, by its UUID', async () => {
    const { id } = expectStatus(await owner.post('/api/v1/chat/sessions', { modelId: model.ref }), 201);
    const chat = openChat({ id });
    replies('Yes.');
    await send(chat, 'There?');
    expect(textsOf(chat)).toEqual(['There?', 'Yes.']);
    expect(expectStatus(await owner.get(`/api/v1/chat/sessions/${id}`))).toMatchObject({ title: 'There?' });
  });

  it('is told the history by the server, whatever the page says it was', async () => {
    const chat = openChat({ body: { modelId: model.ref } });
    replies('True.', 'Fine.');
    await send(chat, 'One');
    act(() =>
      chat.result.current.setMessages((messages) =>
        messages.map((message) => ({ ...message, parts: [{ type: 'text', text: 'Forged' }] })),
      ),
    );
    await send(chat, 'Two');
    expect(told()).toEqual([
      ['user', 'One'],
      ['assistant', 'True.'],
      ['user', 'Two'],
    ]);
  });

  it('regenerates: the new answer is shown, the old one stands beside it', async () => {
    const chat = openChat({ body: { modelId: model.ref } });
    replies('First', 'Second', 'Third', 'More');
    await send(chat, 'Which?');
    const old = chat.result.current.messages[1]!.id;
    await act(() => chat.result.current.regenerate());
    await ended(chat);
    await act(() => chat.result.current.regenerate({ messageId: chat.result.current.messages[1]!.id }));
    await ended(chat);
    expect(textsOf(chat)).toEqual(['Which?', 'Third']);
    expect(told()).toEqual([['user', 'Which?']]);
    await send(chat, 'On');
    expect(told()).toEqual([
      ['user', 'Which?'],
      ['assistant', 'Third'],
      ['user', 'On'],
    ]);
    const [, answer] = await load(chat.result.current.id);
    const { sessionId, siblings } = answer!.metadata as { sessionId: string; siblings: string[] };
    expect(siblings).toHaveLength(3);
    expect(siblings[0]).toBe(old);
    expectStatus(await owner.patch(`/api/v1/chat/sessions/${sessionId}`, { headMessageId: old }));
    expect((await load(chat.result.current.id)).map(textOf)).toEqual(['Which?', 'First']);
  });

  it('edits a message, again and again: what followed the old one is another branch', async () => {
    const chat = openChat({ body: { modelId: model.ref } });
    replies('Re: a', 'Re: b', 'Re: c', 'Re: c again', 'Re: d');
    await send(chat, 'a');
    const [question] = chat.result.current.messages;
    await send(chat, 'b');
    await send(chat, 'c', question!.id);
    expect(textsOf(chat)).toEqual(['c', 'Re: c']);
    expect(told()).toEqual([['user', 'c']]);
    await act(() => chat.result.current.regenerate());
    await ended(chat);
    expect(told()).toEqual([['user', 'c']]);
    await send(chat, 'd', question!.id);
    expect(textsOf(chat)).toEqual(['d', 'Re: d']);
    const loaded = await load(chat.result.current.id);
    expect(loaded.map(textOf)).toEqual(['d', 'Re: d']);
    expect(loaded[0]!.id).toBe(question!.id);
    expect((loaded[0]!.metadata as { siblings: string[] }).siblings).toHaveLength(3);
  });

  it('may send no more than the ids of what was said before', async () => {
    const transport = new DefaultChatTransport<UIMessage>({
      api: chatPath,
      prepareSendMessagesRequest: ({ id, messages, trigger, messageId, body }) => ({
        body: {
          ...body,
          id,
          trigger,
          messageId,
          messages: messages
            .slice(-3)
            .map((message, index, last) =>
              index === last.length - 1 ? message : { id: message.id, role: message.role, parts: [] },
            ),
        },
      }),
    });
    const chat: Chat = renderHook(() => useChat({ transport }));
    replies('Re: a', 'Re: b', 'Re: c');
    for (const text of ['a', 'b', 'c']) {
      await act(() => chat.result.current.sendMessage({ text }, { body: { modelId: model.ref } }));
      await ended(chat);
    }
    expect(told().map(([, text]) => text)).toEqual(['a', 'Re: a', 'b', 'Re: b', 'c']);
  });

  it('stops: the page at once, the answer by its own door; and the next message is taken', async () => {
    const chat = openChat();
    void chat.result.current.sendMessage({ text: slowly(2_000, 50) });
    await waitFor(() => expect(textsOf(chat)[1]).toMatch(/^w0 w1/), within);
    await act(() => chat.result.current.stop());
    expect(chat.result.current.status).toBe('ready');
    const stopped = expectStatus(await owner.post(`${chatPath}/${chat.result.current.id}/stop`));
    expect(stopped).toMatchObject({ status: 'stopped' });
    await send(chat, 'Next\n/sandbox answer=Yes');
    expect(textsOf(chat).at(-1)).toBe('Yes');
  });

  it('goes on after a reload in the middle of an answer', async () => {
    const before = openChat();
    const { id } = before.result.current;
    void before.result.current.sendMessage({ text: slowly(60, 60) });
    await waitFor(() => expect(textsOf(before)[1]).toMatch(/^w0 w1/), within);
    before.unmount();
    const messages = await load(id);
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
    const after = openChat({ id, messages, resume: true });
    await waitFor(() => expect(textsOf(after)[1]).toMatch(/^w0 .* w59$/), within);
    await ended(after);
    expect(after.result.current.messages).toHaveLength(2);
    expect((await load(id)).map(textOf)).toEqual(textsOf(after));
  });

  it('resumes nothing where nothing runs, and in a chat in which nothing was said', async () => {
    const fresh = openChat({ id: generateId(), resume: true });
    await ended(fresh);
    expect(fresh.result.current).toMatchObject({ status: 'ready', error: undefined, messages: [] });
    expect((await owner.get(`${chatPath}/${generateId()}/stream`)).status).toBe(204);
  });

  it('sends files: they come back by their URL', async () => {
    const png =
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
    const chat = openChat({ body: { modelId: model.ref } });
    const file = { type: 'file' as const, mediaType: 'image/png', url: `data:image/png;base64,${png}` };
    replies('A dot.');
    await act(() => chat.result.current.sendMessage({ text: 'What?', files: [file] }));
    await ended(chat);
    expect(textsOf(chat)).toEqual(['What?', 'A dot.']);
    const [question] = await load(chat.result.current.id);
    const [stored] = question!.parts as { url: string }[];
    const got = await owner.fetch(stored!.url);
    expect(Buffer.from(await got.arrayBuffer()).toString('base64')).toBe(png);
  });

  it('edits a question with a file after a reload: the loaded part is sent again', async () => {
    const url = `data:text/csv;base64,${Buffer.from('a,b').toString('base64')}`;
    const { result } = openChat({ body: { modelId: model.ref } });
    replies('A table.', 'Two columns.', 'None.');
    await act(() =>
      result.current.sendMessage({ text: 'What?', files: [{ type: 'file', mediaType: 'text/csv', url }] }),
    );
    const { id } = result.current;
    await waitFor(() => expect(result.current.status).toBe('ready'), within);
    cleanup();

    const messages = await load(id);
    const reloaded = openChat({ id, messages, body: { modelId: model.ref } });
    const files = messages[0]!.parts.filter((part) => part.type === 'file');
    const edit = { text: 'How many columns?', files, messageId: messages[0]!.id };
    await act(() => reloaded.result.current.sendMessage(edit));
    await ended(reloaded);
    expect(textsOf(reloaded)).toEqual(['How many columns?', 'Two columns.']);
    expect(JSON.stringify(told())).toContain('a,b');
    expect((await load(id)).map(textOf)).toEqual(['How many columns?', 'Two columns.']);

    const elsewhere = openChat({ body: { modelId: model.ref } });
    await act(() => elsewhere.result.current.sendMessage({ text: 'And here?', files }));
    await ended(elsewhere);
    expect(JSON.parse(elsewhere.result.current.error!.message).error).toMatchObject({
      code: 'VALIDATION_FAILED',
      details: { fields: [{ field: 'messages.0.parts.0.url' }] },
    });
    // Nothing was begun by what was refused.
    expect((await owner.get(`${chatPath}/${elsewhere.result.current.id}/messages`)).status).toBe(404);
  });

  it('is no more than a reader of the stream: the AI SDK builds the same message from it', async () => {
    const answer: Answer = await owner.post(chatPath, {
      id: generateId(),
      trigger: 'submit-message',
      messages: [
        {
          id: generateId(),
          role: 'user',
          parts: [{ type: 'text', text: 'Hi\n/sandbox answer="Here it is"' }],
        },
      ],
    });
    let last: UIMessage | undefined;
    for await (const state of readUIMessageStream({ stream: toStream(answer.text) })) last = state;
    expect(textOf(last)).toBe('Here it is');
    expect(last?.metadata).toMatchObject({ modelRef: 'sandbox/echo' });
  });
});
