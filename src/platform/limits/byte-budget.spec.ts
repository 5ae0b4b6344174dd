import { array, assert, asyncProperty, boolean, nat, record } from 'fast-check';
import { ByteBudget } from './byte-budget';

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('a budget of bytes', () => {
  it('lets as many in as fit, the others in their order, and small ones not past a large one', async () => {
    const budget = new ByteBudget(10);
    const got: string[] = [];
    const enter = async (name: string, bytes: number) => {
      const giveBack = await budget.take(bytes);
      got.push(name);
      return giveBack;
    };
    const [first, second] = await Promise.all([enter('first', 6), enter('second', 4)]);
    const later = [enter('large', 8), enter('small', 1)];
    await settle();
    expect(got).toEqual(['first', 'second']);
    second();
    second();
    await settle();
    expect(got).toEqual(['first', 'second']);
    first();
    const [large, small] = await Promise.all(later);
    expect(got).toEqual(['first', 'second', 'large', 'small']);
    expect(budget.isUntouched).toBe(false);
    large?.();
    small?.();
    expect(budget.isUntouched).toBe(true);
  });

  it('gives all there is to who asks for more', async () => {
    const budget = new ByteBudget(10);
    const giveBack = await budget.take(1_000);
    giveBack();
    expect(budget.isUntouched).toBe(true);
  });

  it('lets go of who does not wait any longer, and lets in who stood behind', async () => {
    const budget = new ByteBudget(10);
    const first = await budget.take(6);
    const patience = new AbortController();
    const large = budget.take(8, patience.signal);
    const small = budget.take(4);
    patience.abort(new Error('gone'));
    await expect(large).rejects.toThrow('gone');
    (await small)();
    first();
    expect(budget.isUntouched).toBe(true);
    await expect(budget.take(1, patience.signal)).rejects.toThrow('gone');
    expect(budget.isUntouched).toBe(true);
  });

  it('never gives more than it has, and has all in the end, whoever comes, goes, or stops waiting', async () => {
    await assert(
      asyncProperty(
        array(record({ bytes: nat(15), isPatient: boolean(), stays: nat(3) }), {
          maxLength: 20,
        }),
        async (visits) => {
          const budget = new ByteBudget(10);
          let taken = 0;
          await Promise.allSettled(
            visits.map(async ({ bytes, isPatient, stays }) => {
              const patience = new AbortController();
              if (!isPatient) setImmediate(() => patience.abort());
              const giveBack = await budget.take(bytes, patience.signal);
              taken += Math.min(bytes, 10);
              expect(taken).toBeLessThanOrEqual(10);
              for (let turn = 0; turn < stays; turn += 1) await settle();
              taken -= Math.min(bytes, 10);
              giveBack();
            }),
          ).then((results) => {
            const failures = results.flatMap((result) =>
              result.status === 'rejected' && (result.reason as Error).name !== 'AbortError'
                ? [result.reason]
                : [],
            );
            expect(failures).toEqual([]);
          });
          expect([taken, budget.isUntouched]).toEqual([0, true]);
        },
      ),
    );
  });
});
