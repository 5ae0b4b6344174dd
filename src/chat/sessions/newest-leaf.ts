/** Where a message stands in the tree of its conversation: `parentId` is `null` at a beginning. */
export interface MessagePlace {
  id: string;
  parentId: string | null;
}

/**
 * The newest leaf that the message `from` leads to, or is itself; `undefined` where it is not among `messages`. Ids are
 * ordered by time. `messages` are a whole tree in any order. Linear in their number.
 */
export function findNewestLeaf(messages: readonly MessagePlace[], from: string): string | undefined {
  if (!messages.some(({ id }) => id === from)) return undefined;
  const children = Map.groupBy(messages, ({ parentId }) => parentId);
  let newest: string | undefined;
  const open = [from];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const below = children.get(id);
    if (below) for (const child of below) open.push(child.id);
    else if (newest === undefined || id > newest) newest = id;
  }
  return newest;
}
