import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import * as fc from 'fast-check';

import { KekUnavailableError, type KekUnavailableReason } from './kek-provider';
import { LocalKeyRing, parseKeyRing } from './local-key-ring';
import vectors from './vectors.json';

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const entry = (id: string, key: Buffer = randomBytes(32)): string => `${id}:${key.toString('base64')}`;
const ring = (...ids: string[]): LocalKeyRing =>
  new LocalKeyRing(parseKeyRing(ids.map((id) => entry(id)).join()));
const binding = { teamId: randomUUID(), dekId: randomUUID() };

async function reasonOf(opening: Promise<Buffer>): Promise<KekUnavailableReason | 'opened'> {
  try {
    await opening;
    return 'opened';
  } catch (error) {
    if (error instanceof KekUnavailableError) return error.reason;
    throw error;
  }
}

describe('LocalKeyRing', () => {
  it('should refuse to be empty', () => {
    expect(() => new LocalKeyRing([])).toThrow(RangeError);
  });

  it('should refuse to wrap anything but 32 bytes', async () => {
    await expect(ring('k').wrap(randomBytes(16), binding)).rejects.toThrow(RangeError);
  });

  it('should say `unknown-kek` for a key or version that it does not have', async () => {
    const keys = ring('k');
    const { wrapped } = await keys.wrap(randomBytes(32), binding);
    expect(await reasonOf(keys.unwrap(wrapped, 'gone', '1', binding))).toBe('unknown-kek');
    expect(await reasonOf(keys.unwrap(wrapped, 'k', '2', binding))).toBe('unknown-kek');
    await expect(keys.unwrap(wrapped, 'gone', '1', binding)).rejects.toThrow(
      'add it again as a decrypt-only key',
    );
  });

  it('should say `unreadable` for another team, data key, key bytes or key id', async () => {
    const keys = ring('k', 'old');
    const { wrapped } = await keys.wrap(randomBytes(32), binding);
    const other = randomUUID();
    expect(await reasonOf(keys.unwrap(wrapped, 'k', '1', { ...binding, teamId: other }))).toBe('unreadable');
    expect(await reasonOf(keys.unwrap(wrapped, 'k', '1', { ...binding, dekId: other }))).toBe('unreadable');
    expect(await reasonOf(keys.unwrap(wrapped, 'old', '1', binding))).toBe('unreadable');
    expect(await reasonOf(ring('k').unwrap(wrapped, 'k', '1', binding))).toBe('unreadable');
    const [same] = parseKeyRing(entry('a'));
    if (!same) throw new Error('no entry');
    const renamed = new LocalKeyRing([same, { id: 'b', key: same.key }]);
    const underA = await renamed.wrap(randomBytes(32), binding);
    expect(await reasonOf(renamed.unwrap(underA.wrapped, 'b', '1', binding))).toBe('unreadable');
  });

  it('should say `unreadable` for any bit flipped, any truncation and any extension', async () => {
    const keys = ring('k');
    const { wrapped } = await keys.wrap(randomBytes(32), binding);
    for (let bit = 0; bit < wrapped.length * 8; bit++) {
      const copy = Buffer.from(wrapped);
      copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(await reasonOf(keys.unwrap(copy, 'k', '1', binding))).toBe('unreadable');
    }
    for (let length = 0; length < wrapped.length; length++) {
      expect(await reasonOf(keys.unwrap(wrapped.subarray(0, length), 'k', '1', binding))).toBe('unreadable');
    }
    const longer = Buffer.concat([wrapped, Buffer.of(0)]);
    expect(await reasonOf(keys.unwrap(longer, 'k', '1', binding))).toBe('unreadable');
  });

  it('should give back any data key and leave the given buffer alone', async () => {
    const keys = ring('k');
    await fc.assert(
      fc.asyncProperty(bytes32, async (bytes) => {
        const dek = Buffer.from(bytes);
        const { wrapped, kekId, kekVersion } = await keys.wrap(dek, binding);
        expect(await keys.unwrap(wrapped, kekId, kekVersion, binding)).toEqual(Buffer.from(bytes));
        expect(dek).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('should wrap under the first entry and still open what the others wrapped', async () => {
    const [older, newer] = [entry('2025'), entry('2026')];
    const before = new LocalKeyRing(parseKeyRing(older));
    const after = new LocalKeyRing(parseKeyRing(`${newer},${older}`));
    const dek = randomBytes(32);
    const { wrapped, kekId, kekVersion } = await before.wrap(dek, binding);
    expect({ kekId, kekVersion }).toEqual(await before.currentVersion());
    expect(await after.unwrap(wrapped, kekId, kekVersion, binding)).toEqual(dek);
    expect((await after.wrap(dek, binding)).kekId).toBe('2026');
    expect(await after.currentVersion()).toEqual({ kekId: '2026', kekVersion: '1' });
  });

  it('should never wrap twice to the same bytes', async () => {
    const keys = ring('k');
    const dek = randomBytes(32);
    const wraps = await Promise.all(Array.from({ length: 100 }, () => keys.wrap(dek, binding)));
    expect(new Set(wraps.map(({ wrapped }) => wrapped.toString('hex'))).size).toBe(100);
  });

  it('should pass its probe', async () => {
    await expect(ring('k', 'old').probe()).resolves.toBeUndefined();
  });

  it.each(vectors.wraps)('should open the frozen vector: $name', async (vector) => {
    const keys = new LocalKeyRing([
      { id: vector.kekId, key: createSecretKey(Buffer.from(vector.kekHex, 'hex')) },
    ]);
    const wrapped = Buffer.from(vector.wrappedHex, 'hex');
    const dek = await keys.unwrap(wrapped, vector.kekId, vector.kekVersion, vector);
    expect(dek.toString('hex')).toBe(vector.dekHex);
  });
});
