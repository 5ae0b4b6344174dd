import { readUIMessageStream, type UIMessage, type UIMessageChunk } from 'ai';
import { toEndedParts } from '../sessions/ended-parts';

type Parts = UIMessage['parts'];
type Delta = Extract<UIMessageChunk, { type: 'text-delta' | 'reasoning-delta' }>;

/**
 * The message that chunks add up to, by the AI SDK's own reader. The reader copies the whole message for each chunk, so
 * chunks are kept until somebody asks for the message, and neighbouring pieces of a text are read as one: the work grows
 * with how often it is asked for, not with the number of chunks.
 */
export class MessageUnderConstruction {
  private pending: UIMessageChunk[] = [];
  private latest: Parts = [];
  private readonly writer: WritableStreamDefaultWriter<UIMessageChunk>;
  private readonly read: Promise<void>;

  /** `onUnreadable` hears of chunks that the reader refuses; what was read before stays. */
  constructor(onUnreadable: (error: unknown) => void) {
    const { readable, writable } = new TransformStream<UIMessageChunk, UIMessageChunk>();
    this.writer = writable.getWriter();
    this.read = this.follow(readUIMessageStream({ stream: readable, onError: onUnreadable }));
  }

  add(chunk: UIMessageChunk): void {
    if (chunk.type === 'error') return; // no part of the message
    const before = this.pending.at(-1);
    if (before && continues(before, chunk)) this.pending.splice(-1, 1, joined(before, chunk));
    else this.pending.push(chunk);
  }

  /** About what there is now: the very last piece may be missing. */
  async soFar(): Promise<Parts> {
    await this.hand();
    return this.latest;
  }

  /** All of it, with every part ended. Nothing can be added after. */
  async whole(): Promise<Parts> {
    await this.hand();
    await this.writer.close().catch(() => undefined); // refused chunks were reported and have closed it
    await this.read;
    return toEndedParts(this.latest);
  }

  private async hand(): Promise<void> {
    const chunks = this.pending;
    this.pending = [];
    for (const chunk of chunks) await this.writer.write(chunk).catch(() => undefined); // reported
  }

  private async follow(states: AsyncIterable<UIMessage>): Promise<void> {
    for await (const { parts } of states) this.latest = parts;
  }
}

function isDelta(chunk: UIMessageChunk): chunk is Delta {
  return chunk.type === 'text-delta' || chunk.type === 'reasoning-delta';
}

function continues(before: UIMessageChunk, chunk: UIMessageChunk): before is Delta {
  return (
    isDelta(before) &&
    isDelta(chunk) &&
    before.type === chunk.type &&
    before.id === chunk.id &&
    !before.providerMetadata &&
    !chunk.providerMetadata
  );
}

function joined(before: Delta, chunk: UIMessageChunk): Delta {
  return { ...before, delta: before.delta + (isDelta(chunk) ? chunk.delta : '') };
}
