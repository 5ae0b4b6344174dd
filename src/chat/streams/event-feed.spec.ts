import * as fc from 'fast-check';
import { readEvents, toEvent } from './answer-events';
import { EventFeed } from './event-feed';

const messageId = '019aa000-0000-7000-8000-0000000f3c9a';
const deltas = fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { minLength: 1, maxLength: 60 });

const toEvents = (texts: string[]) =>
  texts.map((delta, index) => toEvent(messageId, index + 1, { type: 'text-delta', id: '1', delta }));

/** All that a reader gets who begins there. */
const readAll = (feed: EventFeed, offset: number): Buffer => {
  const parts: Buffer[] = [];
  for (let at = offset; ;) {
    const bytes = feed.from(at);
    if (!bytes) return Buffer.concat(parts);
    parts.push(bytes);
    at += bytes.length;
  }
};

describe('the events of an answer', () => {
  it('are read back as they were made, whatever a model says', () => {
    fc.assert(
      fc.property(deltas, (texts) => {
        const events = toEvents([...texts, '\n\nid: 1\ndata: [DONE]\n\n']);
        const read = [...readEvents(Buffer.concat(events.map(({ bytes }) => bytes)).toString())];
        expect(read.map(({ number, length }) => [number, length])).toEqual(
          events.map(({ number, bytes }) => [number, bytes.length]),
        );
        expect(read.map(({ chunk }) => chunk)).toEqual(
          events.map(({ bytes }) => JSON.parse(bytes.toString().split('\ndata: ')[1] ?? '')),
        );
      }),
    );
  });

  it('are read back where a model says a line separator, which ends no line of theirs', () => {
    const [event] = toEvents(['one\u2028two\u2029three\u0085four\r']);
    expect([...readEvents(event!.bytes.toString())]).toMatchObject([
      { chunk: { delta: 'one\u2028two\u2029three\u0085four\r' } },
    ]);
  });

  it('are not read where one is half', () => {
    const [event] = toEvents(['x']);
    const text = event?.bytes.toString().slice(0, -1) ?? '';
    expect(() => [...readEvents(text)]).toThrow('half an event');
  });
});

describe('the feed of an answer', () => {
  it('gives the same bytes from every place', () => {
    fc.assert(
      fc.property(deltas, fc.nat(), (texts, place) => {
        const feed = new EventFeed();
        const events = toEvents(texts);
        events.forEach((event) => feed.push(event));
        const whole = Buffer.concat(events.map(({ bytes }) => bytes));
        const offset = place % (whole.length + 1);
        expect(readAll(feed, offset).equals(whole.subarray(offset))).toBe(true);
        expect(feed.end).toBe(whole.length);
        const { number } = events[place % events.length] ?? { number: 0 };
        const end = events.slice(0, number).reduce((sum, { bytes }) => sum + bytes.length, 0);
        expect(feed.endOf(number)).toBe(end);
      }),
    );
  });

  it('forgets only what is in the log, and not the newest', () => {
    const feed = new EventFeed();
    const big = 'x'.repeat(100_000);
    toEvents([big, big, big, big, big]).forEach((event) => feed.push(event));
    feed.forget(150_000); // the second one is only half of it in the log
    expect(feed.start).toBe(feed.end / 5);
    feed.forget(feed.end);
    expect(feed.end - feed.start).toBeGreaterThanOrEqual(256 * 1024);
    expect(feed.end - feed.start).toBeLessThan(400_000);
    expect(feed.endOf(1)).toBeUndefined();
    expect(feed.endOf(5)).toBe(feed.end);
    expect(readAll(feed, feed.start + 7)).toHaveLength(feed.end - feed.start - 7);
  });

  it('wakes its readers at news, at its end and when told to, and says nothing after its end', async () => {
    const feed = new EventFeed();
    const [first, second] = toEvents(['a', 'b']);
    if (!first || !second) throw new Error('two events');
    const told = feed.news();
    feed.wake();
    await told;
    expect([feed.isOver, feed.end]).toEqual([false, 0]);
    const woken = feed.news();
    feed.push(first);
    await woken;
    const over = feed.news();
    feed.close('ended');
    await over;
    feed.push(second);
    expect([feed.isOver, feed.end]).toEqual([true, first.bytes.length]);
    await feed.news();
  });
});
