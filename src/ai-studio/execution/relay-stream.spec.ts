import { relayStream, type Relay } from './relay-stream';

function source(
  parts: number[],
  end: 'close' | 'fail' | 'hang' = 'close',
  onCancel: () => void = () => undefined,
): ReadableStream<number> {
  const left = [...parts];
  return new ReadableStream<number>({
    pull(controller) {
      const next = left.shift();
      if (next !== undefined) controller.enqueue(next);
      else if (end === 'close') controller.close();
      else if (end === 'fail') controller.error(new Error('cut'));
      else return new Promise(() => undefined);
    },
    cancel: onCancel,
  });
}

function watch(overrides: Partial<Relay<number>> = {}): { relay: Relay<number>; ends: string[] } {
  const ends: string[] = [];
  return {
    ends,
    relay: {
      part: (part) => [part],
      failed: (error) => {
        throw error;
      },
      ended: (how) => void ends.push(how),
      ...overrides,
    },
  };
}

async function read(stream: ReadableStream<number>): Promise<number[]> {
  const parts: number[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

describe('relaying a stream', () => {
  it('ends once as failed where the source breaks, after what it said', async () => {
    const { relay, ends } = watch();
    const reader = relayStream(source([1], 'fail'), relay).getReader();
    expect(await reader.read()).toEqual({ done: false, value: 1 });
    await expect(reader.read()).rejects.toThrow('cut');
    expect(ends).toEqual(['failed']);
  });

  it('may turn a failure into last parts', async () => {
    const { relay, ends } = watch({ failed: () => [99] });
    expect(await read(relayStream(source([1, 2], 'fail'), relay))).toEqual([1, 2, 99]);
    expect(ends).toEqual(['failed']);
  });

  it('cancels the source and ends once where the reader leaves', async () => {
    let cancelled = 0;
    const { relay, ends } = watch();
    const reader = relayStream(
      source([1], 'hang', () => void (cancelled += 1)),
      relay,
    ).getReader();
    await reader.read();
    await reader.cancel();
    expect(cancelled).toBe(1);
    expect(ends).toEqual(['cancelled']);
  });

  it('waits for the end to be dealt with before the reader sees it', async () => {
    const order: string[] = [];
    const { relay } = watch({
      ended: async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        order.push('dealt with');
      },
    });
    await read(relayStream(source([1]), relay));
    order.push('seen');
    expect(order).toEqual(['dealt with', 'seen']);
  });

  it('passes everything on, swallows and adds parts', async () => {
    const { relay, ends } = watch({ part: (part) => (part === 2 ? [] : [part, part * 10]) });
    expect(await read(relayStream(source([1, 2, 3]), relay))).toEqual([1, 10, 3, 30]);
    expect(ends).toEqual(['closed']);
  });

  it('is cancelled where its reader asks for nothing any more', async () => {
    const over = Promise.withResolvers<string>();
    const { relay } = watch({ idleMs: 30, ended: (how) => over.resolve(how) });
    let cancelled = 0;
    const reader = relayStream(
      source([1, 2, 3], 'hang', () => void (cancelled += 1)),
      relay,
    ).getReader();
    await reader.read();
    expect(await over.promise).toBe('cancelled');
    expect(cancelled).toBe(1);
    await expect(reader.read()).rejects.toThrow('Nobody reads');
  });

  it('is not cancelled while its reader waits for a slow source', async () => {
    const { relay, ends } = watch({ idleMs: 20 });
    const slow = new ReadableStream<number>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 80));
        controller.enqueue(1);
        controller.close();
      },
    });
    expect(await read(relayStream(slow, relay))).toEqual([1]);
    expect(ends).toEqual(['closed']);
  });

  it('reads only as fast as it is read', async () => {
    let made = 0;
    const endless = new ReadableStream<number>(
      { pull: (controller) => controller.enqueue((made += 1)) },
      { highWaterMark: 0 },
    );
    const reader = relayStream(endless, watch().relay).getReader();
    for (let n = 0; n < 3; n += 1) await reader.read();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(made).toBeLessThanOrEqual(4);
    await reader.cancel();
  });
});
