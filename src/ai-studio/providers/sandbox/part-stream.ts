/**
 * A pull-based stream of what `produce` yields: a value is made only when a reader asks for it, and none is
 * kept in a queue. It ends once, in one of four ways: `produce` returns (closed) or throws (errored), the reader
 * cancels, or `abortSignal` aborts, which errors the stream with the signal's reason at once, even while
 * `produce` waits. The signal that `produce` gets aborts with the last two; afterwards no listener is left.
 */
export function partStream<Part>(
  produce: (signal: AbortSignal) => AsyncGenerator<Part>,
  abortSignal: AbortSignal | undefined,
): ReadableStream<Part> {
  const ending = new AbortController();
  const parts = produce(ending.signal);
  let stopListening = () => {};

  return new ReadableStream<Part>(
    {
      start(controller) {
        const onAbort = () => {
          ending.abort(abortSignal?.reason);
          controller.error(abortSignal?.reason);
        };
        if (abortSignal?.aborted) return onAbort();
        abortSignal?.addEventListener('abort', onAbort, { once: true });
        stopListening = () => abortSignal?.removeEventListener('abort', onAbort);
      },
      async pull(controller) {
        try {
          const next = await parts.next();
          if (ending.signal.aborted) return;
          if (!next.done) return controller.enqueue(next.value);
          stopListening();
          controller.close();
        } catch (error) {
          if (ending.signal.aborted) return; // the stream has already ended; this is only its echo
          stopListening();
          controller.error(error);
        }
      },
      cancel(reason) {
        stopListening();
        ending.abort(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
