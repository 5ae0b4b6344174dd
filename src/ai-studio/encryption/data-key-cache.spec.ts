import { createSecretKey, randomBytes } from 'node:crypto';
import { toTeamId } from '@kdx/shared';

import { DataKeyCache } from './data-key-cache';

const [one, two] = [
  toTeamId('0197a3f0-0000-7000-8000-0000000000a1'),
  toTeamId('0197a3f0-0000-7000-8000-0000000000a2'),
];
const makeKey = () => createSecretKey(randomBytes(32));

describe('DataKeyCache', () => {
  it('should forget a team, whatever is under way, and no other', async () => {
    const cache = new DataKeyCache();
    const kept = await cache.get(two, 'a', async () => makeKey());
    await cache.get(one, 'a', async () => makeKey());
    let finish = (_key: ReturnType<typeof makeKey>) => {};
    const late = cache.get(one, 'b', () => new Promise((resolve) => (finish = resolve)));
    cache.forget(one);
    finish(makeKey());
    await late;
    let opened = 0;
    const open = async () => {
      opened++;
      return makeKey();
    };
    await cache.get(one, 'a', open);
    await cache.get(one, 'b', open);
    expect(opened).toBe(2);
    expect(await cache.get(two, 'a', open)).toBe(kept);
    cache.forget(undefined);
    await cache.get(two, 'a', open);
    expect(opened).toBe(3);
  });

  it('should open once for all who ask at the same time, and not keep what failed', async () => {
    const cache = new DataKeyCache();
    let asked = 0;
    const fail = async () => {
      asked++;
      throw new Error('closed');
    };
    const outcomes = await Promise.allSettled([cache.get(one, 'a', fail), cache.get(one, 'a', fail)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(asked).toBe(1);
    expect(cache.findFailure(one, 'a')).toMatchObject({ message: 'closed' });
    await cache.get(one, 'a', async () => makeKey());
    expect(cache.findFailure(one, 'a')).toBeUndefined();
  });
});
