import { APICallError, InvalidArgumentError } from '@ai-sdk/provider';
import { generateText } from 'ai';
import { asking, model, readAll, rejectionOf, textOf } from './sandbox.spec-support';

describe('settings', () => {
  it.each([
    [{ tokensPerSecond: -1 }, 'providerOptions.sandbox.tokensPerSecond'],
    [{ tokensPerSecond: 100_001 }, 'providerOptions.sandbox.tokensPerSecond'],
    [{ failAt: 1.5 }, 'providerOptions.sandbox.failAt'],
    [{ failWith: 'fire' }, 'providerOptions.sandbox.failWith'],
    [{ repeat: 0 }, 'providerOptions.sandbox.repeat'],
    [{ repeat: 10_001 }, 'providerOptions.sandbox.repeat'],
    [{ usage: 'some' }, 'providerOptions.sandbox.usage'],
    [{ speed: 3 }, 'providerOptions.sandbox'],
  ])('refuses %j in the provider options and names the field', async (sandbox, argument) => {
    const options = asking('hi', undefined, { providerOptions: { sandbox } });
    for (const call of [model.doStream(options), model.doGenerate(options)]) {
      const error = await rejectionOf(call);
      expect(InvalidArgumentError.isInstance(error)).toBe(true);
      expect(error).toMatchObject({ argument, message: expect.stringContaining(argument) });
    }
  });

  it.each([
    ['/sandbox colour=red', 'It knows: tokensPerSecond, failAt, failWith, answer, reasoning, usage, repeat.'],
    ['/sandbox constructor=1', 'no key "constructor"'],
    ['/sandbox repeat', 'Cannot read "repeat"'],
    ['/sandbox repeat=2 and more', 'Cannot read "and more"'],
    ['/sandbox answer="never closed', 'Cannot read "answer='],
    ['/sandbox answer="bad \\q escape"', 'is not a JSON string'],
    ['/sandbox repeat=many', '/sandbox repeat:'],
    ['/sandbox failWith=fire', '/sandbox failWith:'],
  ])('answers the directive %j with a 400 that helps', async (line, message) => {
    const error = await rejectionOf(model.doStream(asking(`Hello\n${line}`)));
    expect(APICallError.isInstance(error)).toBe(true);
    expect(error).toMatchObject({ statusCode: 400, isRetryable: false, url: 'sandbox://echo' });
    expect(error).toMatchObject({ message: expect.stringContaining(message) });
  });

  it('lets the last user message override the provider options', async () => {
    const options = asking('/sandbox answer=theirs\n/sandbox answer="two\\nlines" repeat=2', {
      answer: 'ours',
    });
    expect(textOf(await readAll(options))).toBe('two\nlines\ntwo\nlines');
  });

  it('does not obey a directive of an earlier message, nor one inside a line', async () => {
    const { text } = await generateText({
      model,
      maxRetries: 0,
      messages: [
        { role: 'user', content: '/sandbox failWith=unauthorized' },
        { role: 'assistant', content: 'no' },
        { role: 'user', content: 'write "/sandbox failWith=unauthorized" or /sandboxed' },
      ],
    });
    expect(text).toContain('or /sandboxed');
  });
});
