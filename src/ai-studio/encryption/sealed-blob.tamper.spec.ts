import { createSecretKey, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import * as fc from 'fast-check';

import {
  openBlob,
  sealBlob,
  SealedBlobError,
  type DataKey,
  type SecretBinding,
  type SealedBlobReason,
} from './sealed-blob';

const overhead = 110;
const dek: DataKey = { id: randomUUID(), key: createSecretKey(randomBytes(32)) };
const binding: SecretBinding = {
  table: 'provider_token',
  column: 'sealed_key',
  teamId: randomUUID(),
  rowId: randomUUID(),
  providerKind: 'openai',
  origin: 'https://api.openai.com',
};
const fields = ['table', 'column', 'teamId', 'rowId', 'providerKind', 'origin'] as const;
const text = fc.string({ unit: 'binary' });

function errorOf(open: () => unknown): SealedBlobError | undefined {
  try {
    open();
    return undefined;
  } catch (error) {
    if (error instanceof SealedBlobError) return error;
    throw error;
  }
}

function reasonOf(open: () => unknown): SealedBlobReason | 'opened' {
  return errorOf(open)?.reason ?? 'opened';
}

/** The check that must catch a change of the byte at this place. */
function reasonAt(offset: number): SealedBlobReason {
  if (offset === 0) return 'version';
  if (offset === 1) return 'suite';
  if (offset < 18) return 'dek';
  if (offset < 82) return 'commitment';
  return 'tag';
}

function flipped(blob: Buffer, bit: number): Buffer {
  const copy = Buffer.from(blob);
  copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return copy;
}

describe('openBlob', () => {
  it.each(['', 'sk-live-0123456789abcdef'])('should refuse %j with any single bit flipped', (plaintext) => {
    const blob = sealBlob(dek, binding, plaintext);
    for (let bit = 0; bit < blob.length * 8; bit++) {
      expect(reasonOf(() => openBlob(flipped(blob, bit), dek, binding))).toBe(reasonAt(bit >> 3));
    }
  });

  it('should refuse a blob with any bytes overwritten', () => {
    const blob = sealBlob(dek, binding, 'sk-live-0123456789abcdef');
    const bytes = fc.uint8Array({ minLength: 1, maxLength: blob.length });
    fc.assert(
      fc.property(fc.nat(blob.length - 1), bytes, (at, patch) => {
        const copy = Buffer.from(blob);
        copy.set(patch.subarray(0, blob.length - at), at);
        fc.pre(!copy.equals(blob));
        expect(reasonOf(() => openBlob(copy, dek, binding))).not.toBe('opened');
      }),
      { numRuns: 1000 },
    );
  });

  it.each(fields)('should refuse another %s', (field) => {
    const blob = sealBlob(dek, binding, 'sk-live');
    fc.assert(
      fc.property(fc.oneof(text, fc.constant('\ud800'), fc.constant(`${binding[field]} `)), (other) => {
        fc.pre(other !== binding[field]);
        expect(reasonOf(() => openBlob(blob, dek, { ...binding, [field]: other }))).toBe('tag');
      }),
    );
  });

  it('should refuse a binding whose fields join to the same text', () => {
    const blob = sealBlob(dek, { ...binding, table: 'ab', column: 'c' }, 'sk-live');
    expect(reasonOf(() => openBlob(blob, dek, { ...binding, table: 'a', column: 'bc' }))).toBe('tag');
    expect(reasonOf(() => openBlob(blob, dek, { ...binding, table: 'c', column: 'ab' }))).toBe('tag');
  });

  it('should refuse a blob swapped with that of another row, and a ciphertext with another header', () => {
    const rowA = { ...binding, rowId: randomUUID() };
    const rowB = { ...binding, rowId: randomUUID() };
    const [a, b] = [sealBlob(dek, rowA, 'key of a'), sealBlob(dek, rowB, 'key of b')];
    expect(reasonOf(() => openBlob(a, dek, rowB))).toBe('tag');
    expect(reasonOf(() => openBlob(b, dek, rowA))).toBe('tag');
    const spliced = Buffer.concat([a.subarray(0, 94), b.subarray(94)]);
    expect(reasonOf(() => openBlob(spliced, dek, rowA))).toBe('tag');
    expect(reasonOf(() => openBlob(spliced, dek, rowB))).toBe('tag');
  });

  it('should refuse every truncation', () => {
    const blob = sealBlob(dek, binding, 'sk-live');
    for (let length = 0; length < blob.length; length++) {
      const expected = ['version', 'suite'][length] ?? (length < overhead ? 'length' : 'tag');
      expect(reasonOf(() => openBlob(blob.subarray(0, length), dek, binding))).toBe(expected);
      expect(reasonOf(() => openBlob(blob.subarray(blob.length - length), dek, binding))).not.toBe('opened');
    }
  });

  it('should refuse every extension', () => {
    const blob = sealBlob(dek, binding, 'sk-live');
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (extra) => {
        expect(reasonOf(() => openBlob(Buffer.concat([blob, extra]), dek, binding))).toBe('tag');
        expect(reasonOf(() => openBlob(Buffer.concat([extra, blob]), dek, binding))).not.toBe('opened');
      }),
    );
  });

  it('should refuse random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(reasonOf(() => openBlob(Buffer.from(bytes), dek, binding))).not.toBe('opened');
      }),
    );
  });

  it('should say `commitment` to other key bytes under the same id, and `dek` to another id', () => {
    const blob = sealBlob(dek, binding, 'sk-live');
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const wrong = { id: dek.id, key: createSecretKey(bytes) };
        expect(reasonOf(() => openBlob(blob, wrong, binding))).toBe('commitment');
      }),
    );
    expect(reasonOf(() => openBlob(blob, { ...dek, id: randomUUID() }, binding))).toBe('dek');
  });

  it.each<[string, DataKey]>([
    ['an id that is no UUID', { ...dek, id: 'team-1' }],
    ['a 16-byte key', { ...dek, key: createSecretKey(randomBytes(16)) }],
    ['a private key', { ...dek, key: generateKeyPairSync('ed25519').privateKey }],
  ])('should refuse a data key with %s, to seal as to open', (_name, unusable) => {
    expect(reasonOf(() => sealBlob(unusable, binding, 'sk-live'))).toBe('dek');
    expect(reasonOf(() => openBlob(sealBlob(dek, binding, 'sk-live'), unusable, binding))).toBe('dek');
  });

  it('should throw an error without any of the blob, the key or the text', () => {
    const blob = sealBlob(dek, binding, 'sk-canary-7f3d1c');
    for (const bit of [0, 8, 16, 144, blob.length * 8 - 1]) {
      const error = errorOf(() => openBlob(flipped(blob, bit), dek, binding));
      const printed = inspect(error, { showHidden: true, depth: null }) + JSON.stringify(error);
      expect(printed).not.toMatch(/canary|Buffer|Uint8Array|KeyObject/);
      expect(printed).not.toContain(dek.key.export().toString('hex'));
      expect(error?.cause).toBeUndefined();
    }
  });
});
