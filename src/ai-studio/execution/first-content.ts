import type { LanguageModelV4StreamPart } from '@ai-sdk/provider';
import type { AnswerRules } from './answer-rules';
import { EmptyAnswer } from './failures';

const openings = new Set<LanguageModelV4StreamPart['type']>([
  'stream-start',
  'response-metadata',
  'text-start',
  'reasoning-start',
  'text-end',
  'reasoning-end',
  'custom',
  'ping',
  'raw',
]);

/**
 * Reads a stream until its first content part and gives back a stream of everything. Until then a failure can still be
 * answered by another candidate. Rejects with what an early `error` part holds, `EmptyAnswer`, or `UnusableAnswer`; a
 * later part that breaks the rules ends the source, and the stream fails with that.
 */
export async function bufferUntilContent(
  source: ReadableStream<LanguageModelV4StreamPart>,
  rules: AnswerRules,
): Promise<ReadableStream<LanguageModelV4StreamPart>> {
  const reader = source.getReader();
  const buffered: LanguageModelV4StreamPart[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new EmptyAnswer();
    if (value.type === 'error') throw value.error;
    if (value.type === 'finish' && isUnexplained(value)) throw new EmptyAnswer();
    rules.check(value);
    buffered.push(value);
    if (!openings.has(value.type)) break;
  }
  return new ReadableStream<LanguageModelV4StreamPart>(
    {
      async pull(controller) {
        const next = buffered.shift();
        if (next) {
          controller.enqueue(next);
          return;
        }
        const { done, value } = await reader.read();
        if (done) {
          controller.close();
          return;
        }
        try {
          rules.check(value);
        } catch (error) {
          await reader.cancel(error).catch(() => undefined); // what is wrong with it is known
          throw error;
        }
        controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** Some clients read any page with status 200 as an answer that says nothing and ends for no reason. */
function isUnexplained({
  finishReason,
  usage,
}: Extract<LanguageModelV4StreamPart, { type: 'finish' }>): boolean {
  return ['interrupted', 'error', 'other'].includes(finishReason.unified) && !usage.outputTokens.total;
}
