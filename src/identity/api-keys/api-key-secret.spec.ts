import * as fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { SecretString } from '../../platform/secrets';
import { isSameDigest, makeApiKey, parseApiKey, readApiKey } from './api-key-secret';
import { base62Width, fromBase62, toBase62 } from './base62';

const format = /^ais_[0-9A-Za-z]{71}$/;
const keyId = fc.uuid();
const parse = (text: string) => parseApiKey(new SecretString(text));

describe('the secret of an API key', () => {
  describe('is refused before anybody is asked', () => {
    it('with any one character changed, to whatever else', () => {
      const change = fc.record({
        id: keyId,
        place: fc.nat({ max: 74 }),
        other: fc.string({ size: 'small' }),
      });
      fc.assert(
        fc.property(change, ({ id, place, other }) => {
          const secret = makeApiKey(id).secret.reveal();
          fc.pre(other !== secret[place]);
          expect(parse(`${secret.slice(0, place)}${other}${secret.slice(place + 1)}`)).toBeUndefined();
        }),
        { numRuns: 500 },
      );
    });

    it('with any one character replaced by any other of the alphabet', () => {
      const secret = makeApiKey('01a20702-4b62-7744-930f-37854108acde').secret.reveal();
      for (let place = 0; place < secret.length; place += 1)
        for (const other of '_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz')
          if (other !== secret[place])
            expect(parse(`${secret.slice(0, place)}${other}${secret.slice(place + 1)}`)).toBeUndefined();
    });

    it('with two neighbours swapped', () => {
      fc.assert(
        fc.property(keyId, fc.nat({ max: 73 }), (id, place) => {
          const secret = makeApiKey(id).secret.reveal();
          const [one, two] = [secret[place], secret[place + 1]];
          fc.pre(one !== two);
          expect(parse(`${secret.slice(0, place)}${two}${one}${secret.slice(place + 2)}`)).toBeUndefined();
        }),
      );
    });

    it('cut off or with something added, and for any text at all', () => {
      fc.assert(
        fc.property(keyId, fc.nat({ max: 74 }), fc.string({ minLength: 1 }), (id, length, text) => {
          const secret = makeApiKey(id).secret.reveal();
          for (const wrong of [secret.slice(0, length), `${secret}${text}`, `${text}${secret}`, text, ''])
            expect(parse(wrong)).toBeUndefined();
        }),
      );
    });
  });

  it('says its id and its digest, and holds nothing that a double click would stop at', () => {
    fc.assert(
      fc.property(keyId, (id) => {
        const { secret, digest, last4 } = makeApiKey(id);
        expect(secret.reveal()).toMatch(format);
        expect(secret.reveal().endsWith(last4)).toBe(true);
        expect(parseApiKey(secret)).toEqual({ keyId: id, digest });
      }),
    );
  });

  it('is another each time, for the same key too', () => {
    const id = '01a20702-4b62-7744-930f-37854108acde';
    const made = Array.from({ length: 1_000 }, () => makeApiKey(id).secret.reveal());
    expect(new Set(made).size).toBe(1_000);
  });

  it('matches its own digest alone, and none that is not there', () => {
    const [one, two] = [makeApiKey(uuidv7()), makeApiKey(uuidv7())];
    expect(isSameDigest(one.digest, one.digest)).toBe(true);
    expect(isSameDigest(one.digest, two.digest)).toBe(false);
    expect(isSameDigest(Buffer.alloc(32), undefined)).toBe(false);
  });

  it.each([
    ['Bearer ais_x', 'ais_x'],
    ['bearer   ais_x  ', 'ais_x'],
    ['BEARER AIS_X', 'AIS_X'], // not well-formed, but nothing that a session is looked up by
    ['Bearer session', undefined],
    ['Bearer xais_x', undefined],
    ['Basic ais_x', undefined],
    ['ais_x', undefined],
    [undefined, undefined],
  ])('is read out of the header: %s', (header, secret) => {
    expect(readApiKey(header)?.reveal()).toBe(secret);
  });
});

describe('base62', () => {
  it('gives back what it was given, in a fixed width and in the order of the numbers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.infiniteStream(fc.nat({ max: 255 })),
        (size, stream) => {
          const take = () => Buffer.from([...stream.take(size)]);
          const [one, two] = [take(), take()];
          expect(toBase62(one)).toHaveLength(base62Width(size));
          expect(fromBase62(toBase62(one), size)).toEqual(one);
          expect(Math.sign(Buffer.compare(one, two))).toBe(
            Math.sign(Buffer.compare(Buffer.from(toBase62(one)), Buffer.from(toBase62(two)))),
          );
        },
      ),
    );
  });

  it('refuses what does not fit into the bytes', () => {
    expect(toBase62(Buffer.alloc(4, 0xff))).toBe('4gfFC3');
    expect(fromBase62('4gfFC3', 4)).toEqual(Buffer.alloc(4, 0xff));
    for (const text of ['4gfFC4', 'zzzzzz', '4gfFC', '04gfFC3', '4gf-C3', ''])
      expect(fromBase62(text, 4)).toBeUndefined();
  });
});
