import { generateText, type LanguageModel } from 'ai';
import { defaultUsage, startWireServer, type WireKind, type WireServer } from './index';
import { clients, key, stream } from './spec-clients';

const fourWords = 'one two three four';

describe.each(clients)('$label through the AI SDK', ({ label, kind, model: makeModel }) => {
  let server: WireServer;
  let model: LanguageModel;

  beforeAll(async () => {
    server = await startWireServer(kind);
    model = makeModel(server);
  });
  afterEach(() => server.reset());
  afterAll(() => server.close());

  const generate = () => generateText({ model, prompt: 'hi', maxRetries: 0 });

  it('sends the key in its own header and nowhere else', async () => {
    await generate();
    await stream(model);
    for (const { headers, path, rawBody } of server.requests) {
      expect(headers).toMatchObject(credentials[kind]);
      const others = Object.entries(headers).filter(([name]) => !(name in credentials[kind]));
      expect(JSON.stringify([others, path, rawBody])).not.toContain(key);
    }
  });

  it('answers with an echo of the last user text', async () => {
    expect((await generate()).text).toBe('echo: hi');
    const { texts, finish } = await stream(model);
    expect(texts).toEqual(['echo: ', 'hi']);
    expect(finish?.finishReason).toBe('stop');
    expect(finish?.totalUsage).toMatchObject(defaultUsage);
  });

  it('answers what was queued, in order, then what it always answers', async () => {
    server.always({ reply: { text: 'always' } });
    server.next({ reply: { text: 'first' } }, { reply: { chunks: ['sec', 'ond'] } });
    expect((await generate()).text).toBe('first');
    expect((await stream(model)).texts).toEqual(['sec', 'ond']);
    expect((await generate()).text).toBe('always');
  });

  it('answers with usage by class', async () => {
    const usage = { inputTokens: 100, cachedInputTokens: 30, outputTokens: 50, reasoningTokens: 10 };
    server.always({ reply: { usage } });
    const expected = {
      inputTokens: 100,
      inputTokenDetails: { noCacheTokens: 70, cacheReadTokens: 30 },
      outputTokens: 50,
      outputTokenDetails: { textTokens: 40, reasoningTokens: 10 },
    };
    await expectUsage(expected);
  });

  it('answers with cache writes where the provider and its client know them', async () => {
    server.always({
      reply: { usage: { inputTokens: 100, cachedInputTokens: 30, cacheWriteTokens: 20, outputTokens: 5 } },
    });
    const known = ['openai chat', 'openai responses', 'anthropic'].includes(label);
    const inputTokenDetails = known
      ? { noCacheTokens: 50, cacheReadTokens: 30, cacheWriteTokens: 20 }
      : { noCacheTokens: 70, cacheReadTokens: 30, cacheWriteTokens: undefined };
    await expectUsage({ inputTokens: 100, inputTokenDetails });
  });

  it('answers without usage', async () => {
    server.always({ reply: { usage: null } });
    const none = kind === 'anthropic' ? 0 : undefined;
    await expectUsage({ inputTokens: none, outputTokens: none, totalTokens: none });
  });

  it('answers with a text cut short by its length', async () => {
    server.always({ reply: { text: fourWords, finishReason: 'length' } });
    expect((await generate()).finishReason).toBe('length');
    expect((await stream(model)).finish?.finishReason).toBe('length');
  });

  it('answers with reasoning where the API shows it', async () => {
    server.always({ reply: { text: fourWords, reasoning: 'let me see' } });
    const shown = label === 'openai chat' ? '' : 'let me see';
    expect((await generate()).reasoningText ?? '').toBe(shown);
    expect(await stream(model)).toMatchObject({
      reasoning: shown,
      texts: ['one ', 'two ', 'three ', 'four'],
    });
  });

  it('answers with bytes that are not UTF-8, which the client replaces', async () => {
    server.always({ reply: { text: fourWords, invalidUtf8AfterChunks: 1 } });
    expect((await stream(model)).texts).toEqual(['one ', '\uFFFD', 'two ', 'three ', 'four']);
    expect((await generate()).text).toBe('one \uFFFDtwo three four');
  });

  async function expectUsage(expected: object): Promise<void> {
    expect((await generate()).usage).toMatchObject(expected);
    expect((await stream(model)).finish?.totalUsage).toMatchObject(expected);
  }
});

const credentials: Record<WireKind, Record<string, string>> = {
  openai: { authorization: `Bearer ${key}` },
  anthropic: { 'x-api-key': key, 'anthropic-version': '2023-06-01' },
  google: { 'x-goog-api-key': key },
};
