import { APICallError } from '@ai-sdk/provider';
import { streamText } from 'ai';
import {
  asking,
  deltasOf,
  finishOf,
  model,
  readAll,
  readUntilError,
  rejectionOf,
  textOf,
} from './sandbox.spec-support';

describe('failures', () => {
  const statuses = [
    ['rate-limit', 429, true],
    ['server-error', 500, true],
    ['overloaded', 529, true],
    ['unauthorized', 401, false],
    ['bad-request', 400, false],
  ] as const;

  it.each(statuses)(
    '%s before the first part rejects the call with %i',
    async (failWith, statusCode, isRetryable) => {
      const options = asking('a secret question', { failWith });
      for (const call of [model.doStream(options), model.doGenerate(options)]) {
        const error = await rejectionOf(call);
        expect(APICallError.isInstance(error)).toBe(true);
        expect(error).toMatchObject({ statusCode, isRetryable, url: 'sandbox://echo' });
        expect(JSON.stringify(error)).not.toContain('secret');
      }
    },
  );

  it.each(statuses)('%s later is an error part, then finish', async (failWith, statusCode) => {
    const options = asking('hi', { answer: 'one two three', failAt: 2, failWith });
    const parts = await readAll(options);
    expect(deltasOf(parts)).toEqual(['one ', 'two ']);
    const types = parts.map(({ type }) => type);
    expect(types.slice(-3)).toEqual(['error', 'text-end', 'finish']);
    expect(parts.at(-3)).toMatchObject({ error: { statusCode } });
    expect(finishOf(parts)).toMatchObject({
      finishReason: { unified: 'error' },
      usage: { outputTokens: { total: 2 } },
    });
    expect(await rejectionOf(model.doGenerate(options))).toMatchObject({ statusCode });
  });

  it('tells when to come back after a rate limit', async () => {
    const error = await rejectionOf(model.doStream(asking('hi', { failWith: 'rate-limit' })));
    expect(error).toMatchObject({ responseHeaders: { 'retry-after': '1' } });
  });

  it('is a server error at the first token where only one of the two is said', async () => {
    expect(await rejectionOf(model.doStream(asking('hi', { failAt: 0 })))).toMatchObject({ statusCode: 500 });
    expect(await rejectionOf(model.doStream(asking('hi', { failWith: 'overloaded' })))).toMatchObject({
      statusCode: 529,
    });
  });

  it('cut before the first part is a connection that failed', async () => {
    const error = await rejectionOf(model.doStream(asking('hi', { failWith: 'cut' })));
    expect(error).toMatchObject({
      statusCode: undefined,
      isRetryable: true,
      cause: { code: 'UND_ERR_SOCKET' },
    });
  });

  it('cut later errors the stream as undici does, and fails doGenerate as a whole', async () => {
    const options = asking('hi', { answer: 'one two three', failAt: 2, failWith: 'cut' });
    const { parts, error } = await readUntilError(options);
    expect(textOf(parts)).toBe('one two ');
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: 'terminated', cause: { code: 'UND_ERR_SOCKET' } });
    const failed = await rejectionOf(model.doGenerate(options));
    expect(APICallError.isInstance(failed)).toBe(true);
    expect(failed).toMatchObject({ isRetryable: true, cause: { message: 'terminated' } });
  });

  it('cut after the last token comes before finish, and beyond it never', async () => {
    const after = await readUntilError(asking('hi', { answer: 'one two', failAt: 2, failWith: 'cut' }));
    expect(deltasOf(after.parts)).toHaveLength(2);
    const beyond = await readAll(asking('hi', { answer: 'one two', failAt: 3, failWith: 'cut' }));
    expect(finishOf(beyond).finishReason.unified).toBe('stop');
  });

  it('cut throws out of the stream of streamText, and onError does not run', async () => {
    const onError = jest.fn();
    const result = streamText({
      model,
      maxRetries: 0,
      prompt: 'Hello\n/sandbox answer="one two three" failAt=2 failWith=cut',
      onError,
    });
    let text = '';
    const read = async () => {
      for await (const part of result.stream) if (part.type === 'text-delta') text += part.text;
    };
    expect(await rejectionOf(read())).toMatchObject({ message: 'terminated' });
    expect(text).toBe('one two ');
    expect(onError).not.toHaveBeenCalled();
  });

  it('error-part ends without finish, at any token', async () => {
    for (const failAt of [0, 2]) {
      const options = asking('hi', { answer: 'one two three', failAt, failWith: 'error-part' });
      const parts = await readAll(options);
      expect(deltasOf(parts)).toHaveLength(failAt);
      expect(parts.at(-1)).toMatchObject({ type: 'error', error: { type: 'sandbox_error' } });
      expect(await rejectionOf(model.doGenerate(options))).toMatchObject({ statusCode: 500 });
    }
  });

  it('content-filter finishes with that reason, at any token', async () => {
    for (const failAt of [0, 2]) {
      const options = asking('hi', { answer: 'one two three', failAt, failWith: 'content-filter' });
      const { finishReason, usage } = await model.doGenerate(options);
      expect(finishReason.unified).toBe('content-filter');
      expect(usage.outputTokens.total).toBe(failAt);
      expect(finishOf(await readAll(options)).finishReason).toEqual(finishReason);
    }
  });
});
