import crypto, { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import * as fc from 'fast-check';

import {
  blobDekId,
  lengthPrefixed,
  openBlob,
  sealBlob,
  SealedBlobError,
  type DataKey,
  type SecretBinding,
} from './sealed-blob';
import vectors from './vectors.json';

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
const text = fc.string({ unit: 'binary' });

describe('sealBlob', () => {
  it('should give back any text, under any binding', () => {
    const anyBinding = fc.record({
      table: text,
      column: text,
      teamId: text,
      rowId: text,
      providerKind: text,
      origin: text,
    });
    fc.assert(
      fc.property(text, anyBinding, (plaintext, where) => {
        const blob = sealBlob(dek, where, plaintext);
        expect(openBlob(blob, dek, where)).toBe(plaintext);
        expect(blob).toHaveLength(overhead + Buffer.byteLength(plaintext));
      }),
      { numRuns: 500 },
    );
  });

  it.each(['', '\0', '\ufeffkey', '鍵🔑'.repeat(15_000), 'k'.repeat(100_000)])(
    'should give back text %#',
    (plaintext) => {
      expect(openBlob(sealBlob(dek, binding, plaintext), dek, binding)).toBe(plaintext);
    },
  );

  it('should refuse a lone surrogate rather than store another text', () => {
    expect(() => sealBlob(dek, binding, 'a\ud800b')).toThrow(TypeError);
  });

  it('should never repeat a salt, nonce, commitment or ciphertext', () => {
    const blobs = Array.from({ length: 200 }, () => sealBlob(dek, binding, 'the same secret text'));
    for (const [from, to] of [
      [18, 50],
      [50, 82],
      [82, 94],
      [94, undefined],
    ] as const) {
      expect(new Set(blobs.map((blob) => blob.toString('hex', from, to))).size).toBe(blobs.length);
    }
  });
});

describe('blobDekId', () => {
  it('should read the id back in lower case', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.boolean(), (id, upper) => {
        const key = { ...dek, id: upper ? id.toUpperCase() : id };
        expect(blobDekId(sealBlob(key, binding, ''))).toBe(id);
      }),
    );
  });

  it('should refuse what is no blob', () => {
    const blob = sealBlob(dek, binding, '');
    expect(() => blobDekId(Buffer.alloc(0))).toThrow(new SealedBlobError('version'));
    expect(() => blobDekId(Buffer.concat([Buffer.of(2), blob.subarray(1)]))).toThrow(
      new SealedBlobError('version'),
    );
    expect(() => blobDekId(Buffer.concat([Buffer.of(1, 2), blob.subarray(2)]))).toThrow(
      new SealedBlobError('suite'),
    );
    expect(() => blobDekId(blob.subarray(0, -1))).toThrow(new SealedBlobError('length'));
  });
});

describe('lengthPrefixed', () => {
  it('should give unequal lists unequal bytes', () => {
    const list = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\0', '\ud800', '\udc00', '\ufffd') }));
    fc.assert(
      fc.property(list, list, (a, b) => {
        expect(lengthPrefixed(a).equals(lengthPrefixed(b))).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });
});

describe('frozen vectors', () => {
  it.each(vectors.blobs)('should open $name', ({ dekId, dekHex, binding: where, plaintext, blobHex }) => {
    const blob = Buffer.from(blobHex, 'hex');
    const key = { id: dekId, key: createSecretKey(Buffer.from(dekHex, 'hex')) };
    expect(blobDekId(blob)).toBe(dekId);
    expect(openBlob(blob, key, where)).toBe(plaintext);
  });

  it.each(vectors.blobs)('should seal $name to the same bytes, given the same salt and nonce', (vector) => {
    const { dekId, dekHex, binding: where, plaintext, blobHex } = vector;
    const frozen = Buffer.from(blobHex, 'hex');
    jest.spyOn(crypto, 'randomFillSync').mockImplementation((header, offset = 0, size) => {
      const bytes = header as Buffer; // what sealBlob gives it
      frozen.copy(bytes, offset, offset, offset + (size ?? bytes.length - offset));
      return header;
    });
    const key = { id: dekId, key: createSecretKey(Buffer.from(dekHex, 'hex')) };
    expect(sealBlob(key, where, plaintext).toString('hex')).toBe(blobHex);
  });

  afterEach(() => jest.restoreAllMocks());
});
