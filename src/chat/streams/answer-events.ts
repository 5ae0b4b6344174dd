import type { UIMessageChunk } from 'ai';

/** One server-sent event of an answer, as it goes over the wire and into the log. */
export interface AnswerEvent {
  /** From 1. Grows by one; more only where an answer was ended after a crash. */
  number: number;
  bytes: Buffer;
}

/** What `[DONE]` is: the last event of every answer's stream. */
export const done = '[DONE]';

/**
 * The event as text: `id: <number>.<last 8 of the answer's id>`, then the data, which is on one line since it is JSON.
 * It is made once: memory, log and every reader have these bytes.
 */
export function toEvent(messageId: string, number: number, chunk: UIMessageChunk | typeof done): AnswerEvent {
  const data = chunk === done ? done : JSON.stringify(chunk);
  return { number, bytes: Buffer.from(`id: ${number}.${messageId.slice(-8)}\ndata: ${data}\n\n`) };
}

/** An event of the log, read back. */
export interface ReadEvent {
  id: string;
  number: number;
  /** `undefined` for `[DONE]`. */
  chunk: UIMessageChunk | undefined;
  /** Length of its text in bytes. */
  length: number;
}

/** Reads whole events. JSON has no line break, so the empty line can only be the end of an event. */
export function* readEvents(text: string): Generator<ReadEvent> {
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n\n', start) + 2;
    if (end === 1) throw new Error('The log of an answer holds half an event.');
    const event = text.slice(start, end);
    const [, id = '', number, data] = /^id: ((\d+)\.[0-9a-f]{8})\ndata: ([^\n]*)\n\n$/.exec(event) ?? [];
    if (data === undefined) throw new Error('The log of an answer holds what is no event of an answer.');
    yield {
      id,
      number: Number(number),
      chunk: data === done ? undefined : (JSON.parse(data) as UIMessageChunk), // written by toEvent
      length: Buffer.byteLength(event),
    };
    start = end;
  }
}
