import { ByteBudget } from './byte-budget';

/** A budget of bytes for each of many: people, teams. Who has nothing and waits for nothing is forgotten. */
export class ByteBudgets {
  private readonly budgets = new Map<string, ByteBudget>();

  constructor(private readonly each: number) {}

  /** How many have something, or wait for it. */
  get size(): number {
    return this.budgets.size;
  }

  /** As `ByteBudget.take`, of the budget of `key`. */
  async take(key: string, bytes: number, signal?: AbortSignal): Promise<() => void> {
    const budget = this.budgets.get(key) ?? new ByteBudget(this.each);
    this.budgets.set(key, budget);
    const forget = () => {
      if (budget.isUntouched && this.budgets.get(key) === budget) this.budgets.delete(key);
    };
    try {
      const giveBack = await budget.take(bytes, signal);
      return () => {
        giveBack();
        forget();
      };
    } catch (error) {
      forget();
      throw error;
    }
  }
}
