import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import * as fc from 'fast-check';

import { generateKeyRing } from '../../platform/env';
import { isExampleKey, KeyRingError, LocalKeyRing, parseKeyRing } from './local-key-ring';
import vectors from './vectors.json';

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const entry = (id: string, key: Buffer = randomBytes(32)): string => `${id}:${key.toString('base64')}`;

function problemOf(text: string): string {
  try {
    parseKeyRing(text);
    return 'none';
  } catch (error) {
    if (error instanceof KeyRingError) return error.message;
    throw error;
  }
}

describe('parseKeyRing', () => {
  const good = entry('good');
  const [, goodKey = ''] = good.split(':');

  it.each([
    ['nothing', '', 1],
    ['a bare key', goodKey, 1],
    ['no id', `:${goodKey}`, 1],
    ['an id with a space', `my key:${goodKey}`, 1],
    ['an id of 65 letters', `${'a'.repeat(65)}:${goodKey}`, 1],
    ['a trailing comma', `${good},`, 2],
    ['the halves swapped', `${good},${goodKey}:id`, 2],
    ['31 bytes', `${good},${entry('k', randomBytes(31))}`, 2],
    ['33 bytes', entry('k', randomBytes(33)), 1],
    ['hexadecimal', `k:${randomBytes(32).toString('hex')}`, 1],
    ['base64 without padding', good.slice(0, -1), 1],
    ['base64url', `k:${Buffer.alloc(32, 0xfb).toString('base64url')}=`, 1],
    ['base64 with stray bits', `k:${'A'.repeat(42)}B=`, 1],
    ['a repeated id', `${good},${entry('other')},${entry('good')}`, 3],
    ['a repeated key', `${good},other:${goodKey}`, 2],
    ['an example key', `${good},${entry('k', Buffer.alloc(32))}`, 2],
  ])('should refuse %s and name the position', (_name, text, position) => {
    expect(problemOf(text)).toMatch(new RegExp(`^Key ring entry ${position} `));
  });

  it('should never put any of the text in an error', () => {
    const piece = fc.oneof(
      fc.string({ maxLength: 40 }),
      bytes32.map((key) => Buffer.from(key).toString('base64')),
      fc.string({ unit: fc.constantFrom('0', 'f', 'G', '+', '='), minLength: 8 }),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1, maxLength: 6 }),
        fc.constantFrom(':', ',', '='),
        (pieces, joint) => {
          const problem = problemOf(pieces.join(joint));
          for (const part of pieces.join(joint).split(/[:,]/)) {
            if (part.length >= 8) expect(problem).not.toContain(part);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('should read every well-formed ring in order, with spaces and a last line break', () => {
    const id = fc.stringMatching(/^[A-Za-z0-9_.-]{1,64}$/);
    const key = bytes32.map((bytes) => Buffer.from(bytes)).filter((bytes) => !isExampleKey(bytes));
    const entries = fc.uniqueArray(fc.record({ id, key }), {
      minLength: 1,
      maxLength: 5,
      comparator: (a, b) => a.id === b.id || a.key.equals(b.key),
    });
    fc.assert(
      fc.property(entries, (wanted) => {
        const read = parseKeyRing(`${wanted.map((one) => entry(one.id, one.key)).join(' , ')}\n`);
        expect(read.map((one) => one.id)).toEqual(wanted.map((one) => one.id));
        expect(read.every((one, index) => one.key.export().equals(wanted[index]?.key ?? Buffer.of()))).toBe(
          true,
        );
      }),
    );
  });

  it('should not print a key', () => {
    const printed = inspect([parseKeyRing(good), new LocalKeyRing(parseKeyRing(good))], {
      showHidden: true,
      depth: 9,
    });
    expect(printed + JSON.stringify(parseKeyRing(good))).not.toContain(goodKey);
    expect(printed).not.toMatch(/Buffer|Uint8Array/);
  });
});

describe('isExampleKey', () => {
  it.each([
    ['zeros', Buffer.alloc(32)],
    ['one byte repeated', Buffer.alloc(32, 0xa7)],
    ['a pattern repeated', Buffer.alloc(32, randomBytes(16))],
    ['counting up', Buffer.from(Array.from({ length: 32 }, (_, index) => index))],
    ['counting down in threes', Buffer.from(Array.from({ length: 32 }, (_, index) => 512 - 3 * index))],
    ['a phrase', Buffer.from('correct horse battery staple 123')],
    ['hexadecimal digits as text', Buffer.from(randomBytes(16).toString('hex'))],
    ['the frozen test vectors', Buffer.from(vectors.wraps[0]?.kekHex ?? '', 'hex')],
    ['placeholder words as base64', Buffer.from('ThisIsAnExampleKey0ReplaceMeBeforeUse123456=', 'base64')],
  ])('should know %s', (_name, key) => {
    expect(key).toHaveLength(32);
    expect(isExampleKey(key)).toBe(true);
  });

  it('should let random keys pass', () => {
    const keys = Array.from({ length: 5_000 }, () => randomBytes(32));
    expect(keys.filter(isExampleKey)).toEqual([]);
  });
});

describe('generateKeyRing', () => {
  it('should give a new ring with a dated id that parses', () => {
    const rings = Array.from({ length: 20 }, () => generateKeyRing(new Date('2026-01-31T23:59:59Z')));
    expect(new Set(rings.map((text) => text.split(':')[1])).size).toBe(20);
    expect(parseKeyRing(rings.join())).toHaveLength(20);
    for (const text of rings) expect(text).toMatch(/^kek-20260131-[0-9a-f]{8}:[A-Za-z0-9+/]{43}=$/);
  });
});
