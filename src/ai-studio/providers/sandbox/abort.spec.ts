import { getEventListeners } from 'node:events';
import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';
import { streamText } from 'ai';
import type { SandboxSettings } from './index';
import { activeTimers, asking, model, readAll, readUntilError, rejectionOf } from './sandbox.spec-support';

describe('abort', () => {
  const pausing: SandboxSettings = { tokensPerSecond: 0.01 };

  it.each([
    ['during a pause', pausing],
    ['during a hang', { failAt: 2, failWith: 'hang' } satisfies SandboxSettings],
  ])('errors the stream with the reason at once %s', async (_, settings) => {
    const timers = activeTimers();
    const abort = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => abort.abort(reason), 20);
    const start = performance.now();
    const { error } = await readUntilError(asking('hi', settings, { abortSignal: abort.signal }));
    expect(error).toBe(reason);
    expect(performance.now() - start).toBeLessThan(1000);
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0);
    await new Promise(setImmediate);
    expect(activeTimers()).toBe(timers);
  });

  it('errors with an AbortError where no reason is given, also while nobody reads', async () => {
    const abort = new AbortController();
    const { stream } = await model.doStream(asking('hi', {}, { abortSignal: abort.signal }));
    const reader = stream.getReader();
    await reader.read();
    abort.abort();
    expect(await rejectionOf(reader.read())).toMatchObject({ name: 'AbortError' });
    expect(await rejectionOf(reader.closed)).toMatchObject({ name: 'AbortError' });
  });

  it.each([
    ['doStream before it begins', (o: LanguageModelV4CallOptions) => model.doStream(o), {}, 0],
    ['doStream that hangs', (o: LanguageModelV4CallOptions) => model.doStream(o), { failWith: 'hang' }, 20],
    ['doGenerate before it begins', (o: LanguageModelV4CallOptions) => model.doGenerate(o), {}, 0],
    ['doGenerate in a pause', (o: LanguageModelV4CallOptions) => model.doGenerate(o), pausing, 20],
    [
      'doGenerate that hangs',
      (o: LanguageModelV4CallOptions) => model.doGenerate(o),
      { failAt: 1, failWith: 'hang' },
      20,
    ],
  ] as const)('rejects %s with the reason', async (_, run, settings, after) => {
    const timers = activeTimers();
    const abort = new AbortController();
    const reason = new Error('enough');
    if (after === 0) abort.abort(reason);
    else setTimeout(() => abort.abort(reason), after);
    expect(await rejectionOf(run(asking('hi', settings, { abortSignal: abort.signal })))).toBe(reason);
    await new Promise(setImmediate);
    expect(activeTimers()).toBe(timers);
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0);
  });

  it('leaves no listener after a normal end, an error or a cancel', async () => {
    const { signal } = new AbortController();
    await readAll(asking('hi', {}, { abortSignal: signal }));
    await readUntilError(asking('hi', { failAt: 1, failWith: 'cut' }, { abortSignal: signal }));
    await model.doGenerate(asking('hi', {}, { abortSignal: signal }));
    const { stream } = await model.doStream(asking('hi', pausing, { abortSignal: signal }));
    await stream.cancel();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('stops its timer when a waiting reader cancels', async () => {
    const timers = activeTimers();
    const { stream } = await model.doStream(asking('hi', pausing));
    const reader = stream.getReader();
    await reader.read();
    await reader.read();
    const waiting = reader.read();
    await new Promise(setImmediate);
    expect(activeTimers()).toBe(timers + 1);
    await reader.cancel();
    expect((await waiting).done).toBe(true);
    await new Promise(setImmediate);
    expect(activeTimers()).toBe(timers);
  });

  it('is an abort to streamText', async () => {
    const abort = new AbortController();
    const aborted = jest.fn();
    const result = streamText({
      model,
      maxRetries: 0,
      prompt: 'hi',
      abortSignal: abort.signal,
      onAbort: aborted,
      onError: () => {},
      providerOptions: { sandbox: { failAt: 3, failWith: 'hang' } },
    });
    let text = '';
    for await (const part of result.stream) {
      if (part.type !== 'text-delta') continue;
      text += part.text;
      if (text === '## user\n\n') abort.abort();
    }
    expect(aborted).toHaveBeenCalledTimes(1);
  });
});
