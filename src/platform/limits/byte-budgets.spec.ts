import { ByteBudgets } from './byte-budgets';

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('budgets of bytes', () => {
  it('let one wait for its own only, and forget who has nothing', async () => {
    const budgets = new ByteBudgets(10);
    const first = await budgets.take('one', 10);
    let isIn = false;
    const second = budgets.take('one', 1).then((giveBack) => {
      isIn = true;
      return giveBack;
    });
    const other = await budgets.take('other', 10);
    await settle();
    expect([isIn, budgets.size]).toEqual([false, 2]);
    first();
    (await second)();
    expect([isIn, budgets.size]).toEqual([true, 1]);
    other();
    other();
    expect(budgets.size).toBe(0);
  });

  it('forget who does not wait any longer, and not who has something still', async () => {
    const budgets = new ByteBudgets(10);
    const patience = new AbortController();
    const first = await budgets.take('one', 10);
    const waiting = budgets.take('one', 1, patience.signal);
    patience.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    expect(budgets.size).toBe(1);
    first();
    expect(budgets.size).toBe(0);
    await expect(budgets.take('one', 1, patience.signal)).rejects.toThrow('gone');
    expect(budgets.size).toBe(0);
  });
});
