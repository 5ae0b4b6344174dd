import * as fc from 'fast-check';
import { fitMessages, type FitOptions, type SizedMessage } from './fit-messages';

const message = fc.record({ isUser: fc.boolean(), tokens: fc.nat(60) });
const question = fc.nat(60).map((tokens) => ({ isUser: true, tokens }));
/** A history of any form that ends with the message to answer. */
const conversation = fc
  .tuple(fc.array(message, { maxLength: 40 }), question)
  .map(([before, last]): SizedMessage[] => [...before, last]);
const options: fc.Arbitrary<FitOptions> = fc.record(
  { budget: fc.nat(400), note: fc.nat(40), before: fc.nat(40) },
  { requiredKeys: ['budget', 'note'] },
);
const sum = (messages: SizedMessage[]) => messages.reduce((total, { tokens }) => total + tokens, 0);
const everything = fc.tuple(conversation, options);
const runs = { numRuns: 2_000 };

describe('fitting a conversation', () => {
  it('never takes more than the budget, and says what it takes', () => {
    fc.assert(
      fc.property(everything, ([messages, given]) => {
        const fit = fitMessages(messages, given);
        if (!fit) return;
        expect(fit.tokens).toBe(sum(messages.slice(fit.start)) + (fit.hasNote ? given.note : 0));
        expect(fit.tokens).toBeLessThanOrEqual(given.budget);
      }),
      runs,
    );
  });

  it('refuses exactly what cannot be sent: a newest message that alone is too long', () => {
    fc.assert(
      fc.property(everything, ([messages, given]) => {
        const alone = messages.at(-1)!.tokens > given.budget;
        // A message of an assistant at the very beginning belongs to the first turn.
        const onlyTurn = messages.filter(({ isUser }) => isUser).length === 1;
        const isTooLong = onlyTurn ? sum(messages) > given.budget : alone;
        expect(fitMessages(messages, given) === undefined).toBe(isTooLong);
      }),
      runs,
    );
  });

  it('leaves out whole turns from the oldest on, and keeps the newest', () => {
    fc.assert(
      fc.property(everything, ([messages, given]) => {
        const fit = fitMessages(messages, given);
        if (!fit || fit.start === 0) return;
        expect(messages[fit.start]!.isUser).toBe(true);
        expect(fit.start).toBeLessThan(messages.length);
      }),
      runs,
    );
  });

  it('leaves nothing out that fits, and says so where something is', () => {
    fc.assert(
      fc.property(everything, ([messages, given]) => {
        const fit = fitMessages(messages, given);
        if (sum(messages) <= given.budget)
          expect(fit).toEqual({ start: 0, tokens: sum(messages), hasNote: false });
        else if (fit && fit.tokens + given.note <= given.budget) expect(fit.hasNote).toBe(true);
      }),
      runs,
    );
  });

  it('goes on from where it began before as long as that fits', () => {
    fc.assert(
      fc.property(conversation, question, options, (messages, next, given) => {
        const first = fitMessages(messages, given);
        if (!first || first.start === 0) return;
        const longer = [...messages, { isUser: false, tokens: 1 }, { isUser: true, tokens: next.tokens % 3 }];
        const second = fitMessages(longer, { ...given, before: first.start });
        const keeps = sum(longer.slice(first.start)) + given.note <= given.budget;
        if (keeps) expect(second?.start).toBe(first.start);
        else expect(second?.start ?? Infinity).toBeGreaterThan(first.start);
      }),
      runs,
    );
  });

  it('moves its beginning seldom: a conversation that goes on is not cut anew with each message', () => {
    const messages: SizedMessage[] = [];
    let before: number | undefined;
    let moves = 0;
    for (let turn = 0; turn < 400; turn += 1) {
      messages.push({ isUser: true, tokens: 5 });
      const { start } = fitMessages(messages, { budget: 1_000, note: 20, before })!;
      if (start !== before) moves += 1;
      before = start;
      messages.push({ isUser: false, tokens: 5 });
    }
    expect(before).toBeGreaterThan(0);
    expect(moves).toBeLessThan(16); // a quarter of the budget is 25 turns
  });

  it('takes time in proportion: ten thousand messages in a few milliseconds', () => {
    const messages = Array.from({ length: 10_000 }, (_, index) => ({ isUser: index % 2 === 0, tokens: 50 }));
    messages.push({ isUser: true, tokens: 50 });
    fitMessages(messages, { budget: 100_000, note: 50 });
    const startedAt = performance.now();
    for (let n = 0; n < 10; n += 1) fitMessages(messages, { budget: 100_000, note: 50 });
    expect((performance.now() - startedAt) / 10).toBeLessThan(20);
  });
});
