import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';

import { createKekRing } from './create-kek-ring';
import { bindingBytes } from './kek-binding';
import type { KekProvider } from './kek-provider';
import { KekRing } from './kek-ring';
import { LocalKeyRing } from './local-key-ring';
import vectors from './vectors.json';

const binding = { teamId: randomUUID(), dekId: randomUUID() };
const local = (id: string) => new LocalKeyRing([{ id, key: createSecretKey(randomBytes(32)) }]);

describe('KekRing', () => {
  it('should open what each of its providers wrapped, and wrap by the first', async () => {
    const [older, newer] = [local('old'), local('new')];
    const dek = randomBytes(32);
    const before = await older.wrap(dek, binding);
    const ring = new KekRing(newer, [older]);
    expect(ring.kekIds).toEqual(['new', 'old']);
    expect(await ring.unwrap(before.wrapped, before.kekId, before.kekVersion, binding)).toEqual(dek);
    const after = await ring.wrap(dek, binding);
    expect(after.kekId).toBe('new');
    await expect(older.unwrap(after.wrapped, after.kekId, after.kekVersion, binding)).rejects.toMatchObject({
      reason: 'unknown-kek',
    });
  });

  it('should say `unknown-kek` for a key that none of them has', async () => {
    const { wrapped } = await local('gone').wrap(randomBytes(32), binding);
    await expect(new KekRing(local('new')).unwrap(wrapped, 'gone', '1', binding)).rejects.toMatchObject({
      reason: 'unknown-kek',
      kekId: 'gone',
    });
  });

  it('should give nothing away that would not open again', async () => {
    const good = local('good');
    const broken: KekProvider = Object.assign(Object.create(good), {
      kekIds: ['good'],
      wrap: good.wrap.bind(good),
      unwrap: async () => randomBytes(32),
    });
    await expect(new KekRing(broken).wrap(randomBytes(32), binding)).rejects.toMatchObject({
      reason: 'unreadable',
    });
  });
});

describe('createKekRing', () => {
  it('should refuse a choice without keys', () => {
    expect(() => createKekRing({ provider: 'vault' })).toThrow('VAULT_TRANSIT_KEYS must be set');
  });
});

describe('bindingBytes', () => {
  it.each(vectors.bindings)('should be the frozen bytes: $name', ({ kekId, teamId, dekId, bytesHex }) => {
    expect(bindingBytes(kekId, { teamId, dekId }).toString('hex')).toBe(bytesHex);
  });
});
