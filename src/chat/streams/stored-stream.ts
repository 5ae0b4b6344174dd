import type { UIMessage, UIMessageChunk } from 'ai';
import type { ChatMessage } from '../sessions/chat.entities';
import { done, toEvent } from './answer-events';

/**
 * A stream that adds up to a stored answer, where the log of its own is no longer kept. Its bytes are others than those of
 * the first time: a text is one piece, and ids of events are no places to go on from.
 */
export async function* toStoredStream(message: ChatMessage): AsyncGenerator<Buffer> {
  const chunks: (UIMessageChunk | typeof done)[] = [
    {
      type: 'start',
      messageId: message.id,
      ...(message.executionId ? { messageMetadata: { executionId: message.executionId } } : {}),
    },
    ...(message.parts as UIMessage['parts']).flatMap(toChunks), // stored by toStoredParts
    toEnd(message),
    done,
  ];
  yield Buffer.concat(chunks.map((chunk, index) => toEvent(message.id, index + 1, chunk).bytes));
}

/** Parts that were made by one chunk are that chunk; tools are none of an answer yet. */
function toChunks(part: UIMessage['parts'][number], index: number): UIMessageChunk[] {
  const id = String(index);
  switch (part.type) {
    case 'text':
      return [
        { type: 'text-start', id },
        { type: 'text-delta', id, delta: part.text },
        { type: 'text-end', id },
      ];
    case 'reasoning':
      return [
        { type: 'reasoning-start', id },
        { type: 'reasoning-delta', id, delta: part.text },
        { type: 'reasoning-end', id },
      ];
    case 'source-url':
    case 'source-document':
    case 'file':
      return [part];
    default:
      return [];
  }
}

function toEnd({ status, error }: ChatMessage): UIMessageChunk {
  if (status === 'failed') return { type: 'error', errorText: JSON.stringify({ error }) };
  return status === 'complete' ? { type: 'finish' } : { type: 'abort', reason: status };
}
