import { UI_MESSAGE_STREAM_HEADERS, type UIMessageChunk } from 'ai';
import type { FastifyReply } from 'fastify';
import { toPacedBody } from '../../platform/http';
import { readEvents } from '../streams/answer-events';
import type { AnswerStream } from '../streams/answer-streams';
import type { SentMessage } from './answer.service';

/** How the API document describes the stream of an answer. */
export const uiMessageStream = {
  description:
    "The AI SDK's UI message stream: events with an id, whose data is a part of the answer as JSON, then `[DONE]`",
  content: { 'text/event-stream': { schema: { type: 'string' } } },
};

const heartbeatMs = 15_000;
/** No event, and not part of the log: it counts in no offset. */
const heartbeat = Buffer.from(': heartbeat\n\n');

interface SendOptions {
  headers?: Record<string, string>;
  slowMs?: number;
}

/** Answers with the stream of an answer (server-sent events), only as fast as the client reads. Who was dropped may join again. */
export async function sendUiMessageStream(
  reply: FastifyReply,
  { messageId, events }: AnswerStream,
  { headers = {}, slowMs }: SendOptions = {},
): Promise<void> {
  const body = toPacedBody(reply, withHeartbeats(events), slowMs);
  await reply.headers({ ...UI_MESSAGE_STREAM_HEADERS, 'x-message-id': messageId, ...headers }).send(body);
}

/** The same for a message that was just sent; says where it had been sent before. */
export function sendAnswer(reply: FastifyReply, sent: SentMessage): Promise<void> {
  return sendUiMessageStream(reply, sent, {
    headers: sent.isReplayed ? { 'idempotency-replayed': 'true' } : {},
  });
}

/** The parts of the answer, each with the id of its event. */
export async function* toChunks({
  events,
}: AnswerStream): AsyncGenerator<{ id: string; chunk: UIMessageChunk }> {
  for await (const bytes of events)
    for (const { id, chunk } of readEvents(bytes.toString())) if (chunk) yield { id, chunk };
}

/** A comment now and then keeps proxies from closing a stream in which a model thinks. It only comes between events. */
async function* withHeartbeats(events: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let next = events.next();
  try {
    for (;;) {
      const timer = sleep(heartbeatMs);
      const result = await Promise.race([next, timer.elapsed]);
      timer.cancel();
      if (result === undefined) {
        yield heartbeat;
        continue;
      }
      if (result.done) return;
      yield result.value;
      next = events.next();
    }
  } finally {
    // What it waits for may be long in coming, and the reader is gone.
    void next.catch(() => undefined);
    void events.return(undefined).catch(() => undefined);
  }
}

function sleep(ms: number): { elapsed: Promise<undefined>; cancel: () => void } {
  let cancel: () => void = () => undefined;
  const elapsed = new Promise<undefined>((resolve) => {
    const timer = setTimeout(resolve, ms);
    cancel = () => clearTimeout(timer);
  });
  return { elapsed, cancel };
}
