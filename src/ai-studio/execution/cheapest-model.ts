import type { SnapshotModel } from '../models/team-snapshot';
import { costOf } from '../prices/cost';

/** Tokens of the small work that a cheap model is wanted for: much is read, little is written. */
const smallWork = {
  input: 2_000,
  cachedInput: 0,
  cacheWrite: 0,
  output: 200,
  reasoning: 0,
};

/**
 * The usable model that small work costs least at. Those without a known price come after those with one, in the team's
 * order, and the sandbox only where there is no other. `undefined` where none can be used.
 */
export function findCheapest<M extends Pick<SnapshotModel, 'obstacle' | 'price' | 'provider'>>(
  models: readonly M[],
  at = new Date(),
): M | undefined {
  const usable = models.filter(({ obstacle }) => !obstacle);
  const priced = usable.flatMap((model) => {
    const cost = model.price && costOf(model.price.card, smallWork, at);
    return cost === null ? [] : [{ model, cost }];
  });
  const [cheapest] = priced.toSorted((a, b) => (a.cost < b.cost ? -1 : a.cost > b.cost ? 1 : 0));
  return cheapest?.model ?? usable.find(({ provider }) => provider.kind !== 'sandbox') ?? usable[0];
}
