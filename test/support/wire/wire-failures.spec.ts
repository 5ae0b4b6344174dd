import { generateText, type LanguageModel } from 'ai';
import { startWireServer, type WireServer } from './index';
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
  const failure = () => generate().then(expectNoAnswer, (error: unknown) => error);

  describe('refuses', () => {
    it.each([
      [401, false],
      [429, true],
      [500, true],
    ])('with a %i in the shape of the provider', async (status, isRetryable) => {
      server.always({ fail: { status, message: `no for ${key}`, headers: { 'retry-after': '7' } } });
      const expected = { name: 'AI_APICallError', statusCode: status, message: `no for ${key}`, isRetryable };
      expect(await failure()).toMatchObject({ ...expected, responseHeaders: { 'retry-after': '7' } });
      expect((await stream(model)).errors).toMatchObject([expected]);
    });

    it('a key other than the expected one', async () => {
      const strict = await startWireServer(kind, { expectKey: 'another-key' });
      const { errors } = await stream(makeModel(strict));
      await strict.close();
      expect(errors).toMatchObject([{ name: 'AI_APICallError', statusCode: kind === 'google' ? 400 : 401 }]);
    });

    it('with an HTML page and its status', async () => {
      server.always({ fail: { status: 502, rawBody: '<html>Bad Gateway</html>' } });
      const expected = { name: 'AI_APICallError', statusCode: 502, responseBody: '<html>Bad Gateway</html>' };
      expect(await failure()).toMatchObject(expected);
      expect((await stream(model)).errors).toMatchObject([expected]);
    });

    it('with an HTML page and status 200', async () => {
      server.always({ fail: { status: 200, rawBody: '<html>Sign in</html>' } });
      expect(await failure()).toMatchObject({ name: 'AI_APICallError', message: 'Invalid JSON response' });
      const { texts, errors, finish } = await stream(model);
      expect(texts).toEqual([]);
      expect([finish?.finishReason, ...errors]).toMatchObject(noEvents[label] ?? ['interrupted']);
    });

    it('by closing the connection', async () => {
      server.always({ drop: true });
      const expected = { name: 'AI_APICallError', statusCode: undefined, isRetryable: true };
      expect(await failure()).toMatchObject(expected);
      expect((await stream(model)).errors).toMatchObject([expected]);
    });
  });

  describe('breaks off', () => {
    it('in the middle of a stream: the deltas so far, then the iteration throws', async () => {
      server.next({ reply: { text: fourWords, cutAfterChunks: 2 } });
      const { texts, errors, thrown, finish } = await stream(model);
      expect(texts).toEqual(['one ', 'two ']);
      expect(errors).toEqual([]);
      expect(thrown).toMatchObject({ name: 'AI_APICallError', statusCode: 200, isRetryable: true });
      expect(finish).toBeUndefined();
    });

    it('in the middle of a body', async () => {
      server.next({ reply: { text: fourWords, cutAfterChunks: 2 } });
      expect(await failure()).toMatchObject({ name: 'AI_APICallError', statusCode: 200 });
    });

    it('with an error event: the deltas so far, an error part, a finish with reason error', async () => {
      server.next({ reply: { text: fourWords, errorAfterChunks: { n: 2, message: 'overheated' } } });
      const { texts, errors, thrown, finish } = await stream(model);
      expect(texts).toEqual(['one ', 'two ']);
      expect(errors).toMatchObject([{ name: 'AI_StreamProviderError', message: 'overheated' }]);
      expect(thrown).toBeUndefined();
      expect(finish?.finishReason).toBe('error');
    });
  });

  describe('is aborted', () => {
    it('while it hangs', async () => {
      server.always({ hang: true });
      const abort = new AbortController();
      const generated = generateText({ model, prompt: 'hi', maxRetries: 0, abortSignal: abort.signal });
      const failed = generated.then(expectNoAnswer, (error: unknown) => error);
      const streamed = stream(model, { abortSignal: abort.signal });
      await until(() => server.requests.length === 2);
      abort.abort();
      expect(await failed).toMatchObject({ name: 'AbortError' });
      expect(await streamed).toMatchObject({ aborted: true, texts: [], finish: undefined });
      await Promise.all(server.requests.map((request) => request.aborted));
    });

    it('while it streams', async () => {
      server.next({ reply: { text: 'word '.repeat(1000), chunkDelayMs: 20 } });
      const abort = new AbortController();
      const streamed = await stream(model, { abortSignal: abort.signal, onText: () => abort.abort() });
      expect(streamed.aborted).toBe(true);
      expect(streamed.texts.length).toBeLessThan(10);
      await server.requests[0]?.aborted;
    });
  });
});

/** A stream without a single event: to some clients an error, to others an answer that was interrupted. */
const noEvents: Record<string, unknown[]> = {
  'openai-compatible': ['error', { name: 'AI_InvalidResponseDataError' }],
  anthropic: [undefined, { name: 'AI_NoOutputGeneratedError' }],
};

function expectNoAnswer(): never {
  throw new Error('the call succeeded');
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
