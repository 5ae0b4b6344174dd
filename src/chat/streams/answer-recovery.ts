import { Inject, Injectable } from '@nestjs/common';
import type { UIMessageChunk } from 'ai';
import { LOGGER, type Logger } from '../../platform/logging';
import { MessageUnderConstruction } from '../answers/message-under-construction';
import { toStoredParts } from '../answers/ui-parts';
import { toEndedParts } from '../sessions/ended-parts';
import { AbandonedAnswers, type AbandonedAnswer } from './abandoned-answers.repository';
import { done, readEvents, toEvent } from './answer-events';
import { AnswerLog, type EventBatch } from './answer-log.repository';

/**
 * Numbers that the end leaves out. The process that is gone may have told its readers more than it had written; with a
 * number out of its reach, who heard that asks for what comes after it, and gets the end.
 */
const numbersLeftOut = 1_000_000;

/**
 * Ends the answers of a process that is gone: what its log holds beyond the parts that were stored becomes parts, and the
 * log gets an end, for whoever still reads it.
 */
@Injectable()
export class AnswerRecovery {
  constructor(
    @Inject(AbandonedAnswers) private readonly abandoned: AbandonedAnswers,
    @Inject(AnswerLog) private readonly log: AnswerLog,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    abandoned.register(() => this.settleAll());
  }

  private async settleAll(): Promise<void> {
    for (let after: string | undefined; ;) {
      const answers = await this.abandoned.list(after);
      for (const answer of answers) {
        // One that cannot be read must not keep the others, or the server from starting.
        await this.settle(answer).catch((error: unknown) =>
          this.logger.error(
            { err: error, messageId: answer.id },
            'an interrupted answer could not be settled',
          ),
        );
      }
      after = answers.at(-1)?.id;
      if (after === undefined) return;
    }
  }

  private async settle({ id, ...scope }: AbandonedAnswer): Promise<void> {
    await this.log.takeOver(scope, id, async (stored, logged) => ({
      parts: longerOf(toEndedParts(stored), await this.toParts(id, logged)),
      last: logged.at(-1)?.isEnd ? undefined : toEnding(id, logged.at(-1)),
    }));
  }

  private async toParts(messageId: string, logged: EventBatch[]): Promise<object[]> {
    const message = new MessageUnderConstruction((error) =>
      this.logger.error({ err: error, messageId }, 'the log of an answer holds what cannot be read'),
    );
    for (const { text } of logged) for (const { chunk } of readEvents(text)) if (chunk) message.add(chunk);
    return toStoredParts(await message.whole());
  }
}

/** Both are beginnings of one answer, written one beside the other: the longer is the newer. */
function longerOf(stored: object[], logged: object[]): object[] {
  return JSON.stringify(logged).length > JSON.stringify(stored).length ? logged : stored;
}

function toEnding(messageId: string, last: EventBatch | undefined): EventBatch {
  const first = (last?.seq ?? 0) + numbersLeftOut;
  const chunks: (UIMessageChunk | typeof done)[] = [{ type: 'abort', reason: 'interrupted' }, done];
  const events = chunks.map((chunk, index) => toEvent(messageId, first + index, chunk));
  const bytes = Buffer.concat(events.map((event) => event.bytes));
  return {
    seq: first + events.length - 1,
    end: (last?.end ?? 0) + bytes.length,
    isEnd: true,
    text: bytes.toString(),
  };
}
