import { NoSuchModelError } from '@ai-sdk/provider';
import { generateText } from 'ai';
import * as fc from 'fast-check';
import { composeAnswer } from './answer';
import { createSandboxModel, type SandboxSettings } from './index';
import { partStream } from './part-stream';
import { resolveSettings } from './settings';
import { tokenize } from './tokens';
import { asking, finishOf, model, readAll, textOf } from './sandbox.spec-support';

describe('sandbox provider', () => {
  it('refuses a model it does not have', () => {
    expect(() => createSandboxModel('parrot')).toThrow(NoSuchModelError);
    expect(() => createSandboxModel('toString')).toThrow('It has: echo, and');
  });

  it('makes a model for each of its keys', () => {
    for (const key of ['echo', 'claude-sonnet-4-5-echo', 'gpt-4.1-echo']) {
      expect(createSandboxModel(key)).toMatchObject({
        specificationVersion: 'v4',
        provider: 'sandbox',
        modelId: key,
      });
    }
  });
});

describe('tokens and usage', () => {
  it('splits any string into tokens that join to it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const tokens = tokenize(text);
        expect(tokens.join('')).toBe(text);
        expect(tokens.every((token) => token.length > 0 && token.length <= 40)).toBe(true);
      }),
    );
    expect(tokenize('\uD800a\uDC00 b').join('')).toBe('\uD800a\uDC00 b');
    expect(tokenize('Hello,  world!\n')).toEqual(['Hello', ',  ', 'world', '!\n']);
  });

  it('reports as many output tokens as it sent, whatever ends the answer', async () => {
    const anyCall = fc.record({
      answer: fc.string({ maxLength: 80 }),
      reasoning: fc.string({ maxLength: 40 }),
      repeat: fc.integer({ min: 1, max: 4 }),
      limit: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
      stop: fc.array(fc.string({ maxLength: 3 }), { maxLength: 2 }),
      failAt: fc.option(fc.integer({ min: 0, max: 30 }), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(anyCall, async ({ answer, reasoning, repeat, limit, stop, failAt }) => {
        const settings: SandboxSettings = { answer, reasoning, repeat };
        if (failAt !== undefined) Object.assign(settings, { failAt, failWith: 'content-filter' });
        const options = asking('a question?', settings, { maxOutputTokens: limit, stopSequences: stop });
        const parts = await readAll(options);
        const sent = (type: string) => parts.filter((part) => part.type === type).length;
        const { usage } = finishOf(parts);
        expect(usage.outputTokens).toEqual({
          total: sent('text-delta') + sent('reasoning-delta'),
          text: sent('text-delta'),
          reasoning: sent('reasoning-delta'),
        });
        expect(usage.inputTokens).toEqual({ total: 3, noCache: 3, cacheRead: 0, cacheWrite: 0 });
        for (const sequence of stop) if (sequence !== '') expect(textOf(parts)).not.toContain(sequence);
        const whole = Array.from({ length: repeat }, () => answer).join('\n');
        expect(whole.startsWith(textOf(parts))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('counts the whole prompt, also what it shows abbreviated', async () => {
    const parts = await readAll({
      prompt: [
        { role: 'system', content: 'Be brief.' },
        { role: 'assistant', content: [{ type: 'text', text: 'word '.repeat(1000) }] },
        { role: 'user', content: [{ type: 'text', text: 'Hi!' }] },
      ],
    });
    expect(finishOf(parts).usage.inputTokens.total).toBe(3 + 1000 + 2);
  });

  it('obeys maxOutputTokens with the reason length, reasoning included', async () => {
    const result = await generateText({
      model,
      maxRetries: 0,
      prompt: 'hi',
      maxOutputTokens: 4,
      providerOptions: { sandbox: { reasoning: 'one two ', answer: 'three four five' } },
    });
    expect(result).toMatchObject({ text: 'three four ', reasoningText: 'one two ', finishReason: 'length' });
    expect(result.usage).toMatchObject({ outputTokens: 4 });
    expect(result.usage.outputTokenDetails).toMatchObject({ textTokens: 2, reasoningTokens: 2 });
  });

  it('ends with stop when the limit is exactly met', async () => {
    const parts = await readAll(asking('hi', { answer: 'one two' }, { maxOutputTokens: 2 }));
    expect(finishOf(parts).finishReason.unified).toBe('stop');
  });

  it('ends before a stop sequence, also one that spans tokens or copies', async () => {
    const spanning = await readAll(asking('hi', { answer: 'one two three' }, { stopSequences: ['o th'] }));
    expect(textOf(spanning)).toBe('one tw');
    const copies = await readAll(
      asking('hi', { answer: 'ab', repeat: 3 }, { stopSequences: ['ab\nab\nab'] }),
    );
    expect(textOf(copies)).toBe('');
    const third = await readAll(asking('hi', { answer: 'ab', repeat: 3 }, { stopSequences: ['b\na'] }));
    expect(textOf(third)).toBe('a');
    expect(finishOf(third).finishReason).toEqual({ unified: 'stop', raw: 'stop_sequence' });
  });

  it('can leave usage unknown, as some servers do', async () => {
    const { usage } = finishOf(await readAll(asking('hi', { usage: 'none' })));
    expect(usage.inputTokens.total).toBeUndefined();
    expect(usage.outputTokens.total).toBeUndefined();
    const result = await generateText({
      model,
      maxRetries: 0,
      prompt: 'hi',
      providerOptions: { sandbox: { usage: 'none' } },
    });
    expect(result.usage.outputTokens).toBeUndefined();
  });
});

describe('streaming', () => {
  it('sends the parts in the order of the protocol', async () => {
    const parts = await readAll(asking('hi', { reasoning: 'so', answer: 'one two' }));
    expect(parts.map(({ type }) => type)).toEqual([
      'stream-start',
      'response-metadata',
      'reasoning-start',
      'reasoning-delta',
      'reasoning-end',
      'text-start',
      'text-delta',
      'text-delta',
      'text-end',
      'finish',
    ]);
    expect(parts[1]).toMatchObject({ modelId: 'echo', id: expect.any(String), timestamp: expect.any(Date) });
  });

  it('generates the text and usage that it streams', async () => {
    const options = asking('hello there', { reasoning: 'so', repeat: 3 }, { temperature: 1 });
    const generated = await model.doGenerate(options);
    const streamed = await readAll(options);
    expect(generated.content).toEqual([
      { type: 'reasoning', text: 'so' },
      { type: 'text', text: textOf(streamed) },
    ]);
    expect(generated.usage).toEqual(finishOf(streamed).usage);
    expect(generated.finishReason).toEqual(finishOf(streamed).finishReason);
  });

  it('keeps the speed that was asked for', async () => {
    const start = performance.now();
    await readAll(asking('hi', { answer: 'word '.repeat(150), tokensPerSecond: 500 }));
    expect(performance.now() - start).toBeGreaterThanOrEqual(299);
  });

  it('lets no timer drift add up: a timer a token would need 5 seconds here', async () => {
    const start = performance.now();
    await readAll(asking('hi', { answer: 'word '.repeat(5000), tokensPerSecond: 20_000 }));
    expect(performance.now() - start).toBeGreaterThanOrEqual(249);
    expect(performance.now() - start).toBeLessThan(2500);
  });

  it('lets other work run between tokens at full speed', async () => {
    let turns = 0;
    let done = false;
    const count = () => {
      turns += 1;
      if (!done) setImmediate(count);
    };
    setImmediate(count);
    await readAll(asking('hi', { answer: 'word '.repeat(500) }));
    done = true;
    expect(turns).toBeGreaterThan(400);
  });

  it('makes a part only when it is asked for one', async () => {
    let made = 0;
    async function* endless() {
      for (;;) yield (made += 1);
    }
    const reader = partStream(endless, undefined).getReader();
    await new Promise(setImmediate);
    expect(made).toBe(0);
    await reader.read();
    await reader.read();
    await new Promise(setImmediate);
    expect(made).toBe(2);
  });

  it('ends when its reader cancels, however much is left', async () => {
    const { stream } = await model.doStream(asking('hi', { answer: 'word '.repeat(100), repeat: 10_000 }));
    const reader = stream.getReader();
    const { value } = await reader.read();
    expect(value?.type).toBe('stream-start');
    await reader.cancel();
    expect((await reader.read()).done).toBe(true);
  });

  it('never means to send more than a million tokens', () => {
    const options = asking('hi', { repeat: 10_000 }, { maxOutputTokens: 5_000_000 });
    expect(composeAnswer(options, resolveSettings(options)).limit).toBe(1_000_000);
  });
});
