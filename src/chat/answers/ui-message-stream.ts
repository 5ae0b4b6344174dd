import { Readable } from 'node:stream';
import { UI_MESSAGE_STREAM_HEADERS, type UIMessageChunk } from 'ai';
import type { FastifyReply } from 'fastify';

/** For the API document. */
export const uiMessageStream = {
  description:
    "The AI SDK's UI message stream: events whose data is a part of the answer as JSON, then `[DONE]`",
  content: { 'text/event-stream': { schema: { type: 'string' } } },
};

const heartbeatMs = 15_000;

/** Answers with chunks in the UI message stream protocol (server-sent events), only as fast as the client reads. */
export async function sendUiMessageStream(
  reply: FastifyReply,
  chunks: AsyncGenerator<UIMessageChunk>,
): Promise<void> {
  const body = Readable.from(toEvents(chunks), { objectMode: false, highWaterMark: 16 * 1024 });
  await reply.headers(UI_MESSAGE_STREAM_HEADERS).send(body);
}

async function* toEvents(chunks: AsyncGenerator<UIMessageChunk>): AsyncGenerator<string> {
  let next = chunks.next();
  for (;;) {
    // A comment now and then keeps proxies from closing a stream in which a model thinks.
    const timer = sleep(heartbeatMs);
    const result = await Promise.race([next, timer.elapsed]);
    timer.cancel();
    if (result === undefined) {
      yield ': heartbeat\n\n';
      continue;
    }
    if (result.done) break;
    yield `data: ${JSON.stringify(result.value)}\n\n`;
    next = chunks.next();
  }
  yield 'data: [DONE]\n\n';
}

function sleep(ms: number): { elapsed: Promise<undefined>; cancel: () => void } {
  let cancel: () => void = () => undefined;
  const elapsed = new Promise<undefined>((resolve) => {
    const timer = setTimeout(resolve, ms);
    cancel = () => clearTimeout(timer);
  });
  return { elapsed, cancel };
}
