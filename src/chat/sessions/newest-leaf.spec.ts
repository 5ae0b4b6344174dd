import * as fc from 'fast-check';
import { findNewestLeaf, type MessagePlace } from './newest-leaf';

const idOf = (index: number) => `id-${String(index).padStart(6, '0')}`;

/** A forest: the parent of each message, if it has one, is an earlier one. Mixed, as a database may give it. */
const forest = fc
  .array(fc.option(fc.nat()), { minLength: 1, maxLength: 60 })
  .map((parents) =>
    parents.map((parent, index): MessagePlace => ({
      id: idOf(index),
      parentId: parent === null || index === 0 ? null : idOf(parent % index),
    })),
  )
  .chain((messages) => fc.shuffledSubarray(messages, { minLength: messages.length }));

/** As it is said: of all that have no child, those from which one gets up to `from`; the last of them. */
function naiveLeaf(messages: readonly MessagePlace[], from: string): string | undefined {
  const parentOf = (id: string) => messages.find((message) => message.id === id)?.parentId ?? null;
  const leadsTo = (id: string | null): boolean => id !== null && (id === from || leadsTo(parentOf(id)));
  return messages
    .filter(({ id }) => !messages.some(({ parentId }) => parentId === id) && leadsTo(id))
    .map(({ id }) => id)
    .toSorted()
    .at(-1);
}

describe('the newest leaf below a message', () => {
  it('is none for a message that is not there', () => {
    expect(findNewestLeaf([], 'a')).toBeUndefined();
    expect(findNewestLeaf([{ id: 'b', parentId: 'a' }], 'a')).toBeUndefined();
  });

  it('is what looking through all of them finds, in any tree', () => {
    fc.assert(
      fc.property(forest, fc.nat(), (messages, pick) => {
        const from = idOf(pick % messages.length);
        expect(findNewestLeaf(messages, from)).toBe(naiveLeaf(messages, from));
      }),
      { numRuns: 500 },
    );
  });

  it('is found in a chain and under a message with many answers, of a hundred thousand, at once', () => {
    const length = 100_000;
    const chain = Array.from({ length }, (_, index) => ({
      id: idOf(index),
      parentId: index === 0 ? null : idOf(index - 1),
    }));
    const fan = chain.map(({ id }, index) => ({ id, parentId: index === 0 ? null : idOf(0) }));
    const startedAt = performance.now();
    for (const messages of [chain, fan]) expect(findNewestLeaf(messages, idOf(0))).toBe(idOf(length - 1));
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });
});
