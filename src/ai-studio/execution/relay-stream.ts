/** What to do with a stream that passes through. `ended` runs exactly once, whichever way the stream ends. */
export interface Relay<Part> {
  /** Sees each part and answers what flows on in its place. */
  part(part: Part): Part[];
  /** The source broke off. Answers parts to end with, or throws what the reader is to get. */
  failed(error: unknown): Part[];
  /** `cancelled`: the reader went away. Awaited before the reader sees the end. */
  ended(how: 'closed' | 'failed' | 'cancelled'): void | Promise<void>;
  /** A reader that asks for nothing for so long has gone without a word: the stream is cancelled. Default: never. */
  idleMs?: number;
}

/** Passes a stream on part by part, only as fast as it is read; normal end, failure and cancellation meet here. */
export function relayStream<Part>(source: ReadableStream<Part>, relay: Relay<Part>): ReadableStream<Part> {
  const reader = source.getReader();
  let cancelled = false;
  let ending: Promise<void> | undefined;
  let idle: NodeJS.Timeout | undefined;
  // A cancellation also closes the source under a read that waits: it is still a cancellation.
  const end = (how: 'closed' | 'failed' | 'cancelled') =>
    (ending ??= Promise.resolve(relay.ended(cancelled ? 'cancelled' : how)));
  const cancel = async (reason: unknown) => {
    clearTimeout(idle);
    cancelled = true;
    try {
      await reader.cancel(reason);
    } finally {
      await end('cancelled');
    }
  };
  const awaitReader = (controller: ReadableStreamDefaultController<Part>) => {
    if (relay.idleMs === undefined || ending) return;
    idle = setTimeout(() => {
      const abandoned = new DOMException('Nobody reads this stream any more.', 'AbortError');
      void cancel(abandoned).finally(() => controller.error(abandoned));
    }, relay.idleMs);
    idle.unref();
  };
  return new ReadableStream<Part>(
    {
      start: awaitReader,
      async pull(controller) {
        clearTimeout(idle);
        // A relay may swallow a part: read on until something flows or the stream is over.
        for (let flowed = false; !flowed;) {
          let next: ReadableStreamReadResult<Part>;
          try {
            next = await reader.read();
          } catch (error) {
            await finish(controller, error);
            return;
          }
          if (next.done) {
            await end('closed');
            controller.close();
            return;
          }
          for (const part of relay.part(next.value)) {
            controller.enqueue(part);
            flowed = true;
          }
        }
        awaitReader(controller);
      },
      cancel,
    },
    { highWaterMark: 0 },
  );

  async function finish(controller: ReadableStreamDefaultController<Part>, error: unknown): Promise<void> {
    let last: Part[];
    try {
      last = relay.failed(error);
    } catch (thrown) {
      await end('failed');
      controller.error(thrown);
      return;
    }
    for (const part of last) controller.enqueue(part);
    await end('failed');
    controller.close();
  }
}
