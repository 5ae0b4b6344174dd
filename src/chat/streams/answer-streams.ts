import { Inject, Injectable } from '@nestjs/common';
import type { Scope } from '@kdx/shared';
import { notFound } from '../../platform/errors';
import { validationFailed } from '../../platform/http';
import { RunningAnswers } from '../answers/running-answers';
import { MessageRepository } from '../sessions/message.repository';
import { SessionRepository } from '../sessions/session.repository';
import { readEvents } from './answer-events';
import { AnswerLog, type LoggedAnswer } from './answer-log.repository';
import { AnswerReaders } from './answer-readers';
import { EventFeed } from './event-feed';
import { FollowedAnswers, isGoingOn, type FollowedAnswer } from './followed-answers';
import { toStoredStream } from './stored-stream';
import { beginning, type StreamPosition } from './stream-position';

/** How long a place is waited for that another process has told somebody of and not written yet. */
const lagMs = 2_000;

/** The stream of an answer: its events as bytes. Each piece ends with an event; the first may begin within one. */
export interface AnswerStream {
  messageId: string;
  events: AsyncGenerator<Buffer>;
}

/** Where events come from: memory of this process, followed from another one's log, or a log that is complete. */
interface Source {
  scope: Scope;
  messageId: string;
  feed: EventFeed;
  followed?: FollowedAnswer;
}

/** Gives answers out to whoever may read them, from any place in them: the same bytes to everybody. */
@Injectable()
export class AnswerStreams {
  constructor(
    @Inject(RunningAnswers) private readonly running: RunningAnswers,
    @Inject(FollowedAnswers) private readonly followed: FollowedAnswers,
    @Inject(AnswerLog) private readonly log: AnswerLog,
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(MessageRepository) private readonly messages: MessageRepository,
    @Inject(AnswerReaders) private readonly readers: AnswerReaders,
  ) {}

  /**
   * The running answer from a place on; where none runs, the rest of the latest one, if a place was named and its log is
   * still kept. `undefined` where there is nothing to read. Throws `VALIDATION_FAILED` for a place that the answer has not.
   */
  async join(scope: Scope, sessionId: string, position: StreamPosition): Promise<AnswerStream | undefined> {
    if (!(await this.sessions.find(scope, sessionId))) throw notFound('The conversation');
    const running = this.running.find(scope, sessionId);
    // A feed that was cut is another's to go on with: the log says whose.
    if (running && !running.feed.isOver)
      return this.open({ scope, messageId: running.messageId, feed: running.feed }, position);
    const answer = await this.log.findLatestAnswer(scope, sessionId);
    if (answer && isGoingOn(answer)) return this.open(this.follow(scope, answer), position);
    if (position.kind === 'beginning') return undefined;
    if (!answer && position.kind === 'offset' && position.bytes === 0) return undefined;
    if (!answer) throw notOfThisAnswer(position);
    assertOfAnswer(answer.id, position);
    const source = answer.isEnded ? toEnded(scope, answer) : undefined;
    const offset = source && (await this.locate(source, position));
    return source && offset !== answer.bytes ? this.open(source, position) : undefined;
  }

  /** What an answer of this process says, from its beginning. */
  read(scope: Scope, messageId: string, feed: EventFeed): AnswerStream {
    return { messageId, events: this.readFrom({ scope, messageId, feed }, 0) };
  }

  /** An answer from its beginning, whatever became of it. Made up from what is stored where its log is no longer kept. */
  async replay(scope: Scope, messageId: string): Promise<AnswerStream> {
    const running = this.running.findByMessage(messageId);
    const answer = await this.log.findAnswer(scope, messageId);
    if (!answer) throw notFound('The answer');
    if (running && !running.feed.isOver) return this.read(scope, messageId, running.feed);
    if (isGoingOn(answer)) return this.open(this.follow(scope, answer), beginning);
    if (answer.isEnded) return this.open(toEnded(scope, answer), beginning);
    const stored = await this.messages.find(scope, messageId);
    if (!stored) throw notFound('The answer');
    return { messageId, events: toStoredStream(stored) };
  }

  private follow(scope: Scope, answer: LoggedAnswer): Source {
    const followed = this.followed.follow(scope, answer);
    return { scope, messageId: answer.id, feed: followed.feed, followed };
  }

  private async open(source: Source, position: StreamPosition): Promise<AnswerStream> {
    assertOfAnswer(source.messageId, position);
    const offset = await this.locate(source, position);
    return { messageId: source.messageId, events: this.readFrom(source, offset) };
  }

  /** The place in bytes. What another process gives may be behind what its readers have heard: that is waited for. */
  private async locate(source: Source, position: StreamPosition): Promise<number> {
    if (position.kind === 'beginning') return 0;
    const { feed, followed } = source;
    const isThere = () =>
      position.kind === 'offset' ? position.bytes <= feed.end : position.number <= feed.lastNumber;
    for (const deadline = Date.now() + lagMs; !isThere();) {
      if (!followed || feed.isOver || Date.now() > deadline) throw beyond(position);
      await Promise.race([feed.news(), new Promise((resolve) => setTimeout(resolve, 50))]);
    }
    return position.kind === 'offset' ? position.bytes : this.endOf(source, position.number);
  }

  /** Where the event ends; where none has this number, the one before it. */
  private async endOf({ scope, messageId, feed }: Source, number: number): Promise<number> {
    const known = feed.endOf(number);
    if (known !== undefined) return known;
    const batch = await this.log.findBatch(scope, messageId, number);
    if (!batch) throw notFound('The answer');
    let end = batch.end - Buffer.byteLength(batch.text);
    for (const event of readEvents(batch.text)) {
      if (event.number > number) break;
      end += event.length;
    }
    return end;
  }

  private async *readFrom(source: Source, offset: number): AsyncGenerator<Buffer> {
    const { scope, feed, followed } = source;
    const release = followed?.retain();
    const reader = this.readers.begin(scope, feed);
    try {
      for (let at = offset; reader.mayRead;) {
        if (at < feed.start) {
          const logged = await this.readLog(source, at);
          if (!logged) return; // deleted meanwhile
          at += logged.length;
          yield logged;
          continue;
        }
        const bytes = feed.from(at);
        if (bytes) {
          at += bytes.length;
          yield bytes;
        } else if (feed.isOver) {
          return;
        } else {
          await feed.news();
        }
      }
    } finally {
      this.readers.end(reader);
      release?.();
    }
  }

  private async readLog({ scope, messageId }: Source, offset: number): Promise<Buffer | undefined> {
    const batches = await this.log.read(scope, messageId, offset);
    const [first] = batches;
    if (!first) return undefined;
    const bytes = Buffer.from(batches.map(({ text }) => text).join(''));
    return bytes.subarray(offset - (first.end - Buffer.byteLength(first.text)));
  }
}

function toEnded(scope: Scope, { id, bytes, lastNumber }: LoggedAnswer): Source {
  const feed = new EventFeed(bytes, lastNumber);
  feed.close('ended');
  return { scope, messageId: id, feed };
}

function assertOfAnswer(messageId: string, position: StreamPosition): void {
  if (position.kind === 'event' && !messageId.endsWith(position.ofAnswer)) throw notOfThisAnswer(position);
}

function notOfThisAnswer({ field }: Exclude<StreamPosition, { kind: 'beginning' }>): Error {
  return validationFailed([
    {
      field,
      problem: 'is no place in the latest answer of this conversation. Read the messages, or join without it',
    },
  ]);
}

function beyond({ field }: Exclude<StreamPosition, { kind: 'beginning' }>): Error {
  return validationFailed([
    { field, problem: 'is beyond what the answer has said. Read the messages, or join without it' },
  ]);
}
