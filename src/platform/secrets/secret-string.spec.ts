import { Writable } from 'node:stream';
import { format, inspect } from 'node:util';
import { serialize } from 'node:v8';
import * as fc from 'fast-check';
import pino from 'pino';

import { SecretString } from './secret-string';

const canary = 'sk-canary-7f3d1c';
const secret = new SecretString(canary);

function pinoOutput(write: (logger: pino.Logger) => void): string {
  let output = '';
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      output += chunk.toString();
      done();
    },
  });
  write(pino({}, sink));
  return output;
}

describe('SecretString', () => {
  const conversions: Record<string, () => string> = {
    toString: () => secret.toString(),
    String: () => String(secret),
    template: () => `${secret}`,
    concatenation: () => '' + secret,
    join: () => [secret].join(),
    JSON: () => JSON.stringify(secret),
    'nested JSON': () => JSON.stringify({ headers: [{ authorization: secret }] }),
    inspect: () => inspect(secret),
    'nested inspect': () => inspect({ a: { b: new Map([['key', secret]]) } }, { depth: null }),
    'inspect of hidden properties': () => inspect({ secret }, { showHidden: true, getters: true }),
    'console.log': () => format('%s %o %O %j', secret, secret, secret, secret) + format(secret),
    'error message': () => inspect(new Error(`refused ${secret}`)),
    'error cause': () => inspect(new Error('refused', { cause: { secret } }), { depth: null }),
    'header value': () => new Headers({ authorization: `Bearer ${secret}` }).get('authorization') ?? '',
    'pino field': () => pinoOutput((logger) => logger.info({ secret, deep: { secret } }, 'saved')),
    'pino format argument': () => pinoOutput((logger) => logger.info('saved %s %j', secret, secret)),
    'pino error': () => pinoOutput((logger) => logger.error(Object.assign(new Error('refused'), { secret }))),
  };

  it.each(Object.entries(conversions))('should print [secret] through %s', (_name, convert) => {
    expect(convert()).not.toContain(canary);
    expect(convert()).toContain('[secret]');
  });

  const copies: Record<string, () => string> = {
    spread: () => JSON.stringify({ ...secret }),
    'Object.assign': () => JSON.stringify(Object.assign({}, secret)),
    'own keys': () => JSON.stringify(Reflect.ownKeys(secret).map(String)),
    structuredClone: () => inspect(structuredClone(secret), { showHidden: true }),
    'v8 serialisation': () => serialize(secret).toString('latin1'),
    'inspect without the custom method': () => inspect(secret, { customInspect: false, showHidden: true }),
    'pino top-level object': () => pinoOutput((logger) => logger.info(secret)),
  };

  it.each(Object.entries(copies))('should give nothing away through %s', (_name, copy) => {
    expect(copy()).not.toContain(canary);
  });

  it('should not be taken for its own placeholder in arithmetic or comparison', () => {
    expect(Number(secret)).toBeNaN();
    expect(Object.is(secret, canary)).toBe(false);
  });

  it('should equal its own value and no other text, without telling the listener', () => {
    const onReveal = jest.fn();
    const texts = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(texts, texts, (value, other) => {
        const watched = new SecretString(value, onReveal);
        expect(watched.equals(value)).toBe(true);
        expect(watched.equals(`${value} `)).toBe(false);
        // As UTF-8, which a header is read as, all lone surrogates are one character.
        expect(watched.equals(other)).toBe(other.toWellFormed() === value.toWellFormed());
      }),
    );
    expect(onReveal).not.toHaveBeenCalled();
  });

  it('should reveal nothing when the listener throws', () => {
    const refusing = new SecretString(canary, () => {
      throw new Error('not now');
    });
    expect(() => refusing.reveal()).toThrow('not now');
  });

  it('should tell the listener each time it is revealed, and only then', () => {
    const onReveal = jest.fn();
    const watched = new SecretString(canary, onReveal);
    expect(format(watched) + JSON.stringify(watched)).toBe('[secret]"[secret]"');
    expect(onReveal).not.toHaveBeenCalled();
    expect([watched.reveal(), watched.reveal()]).toEqual([canary, canary]);
    expect(onReveal).toHaveBeenCalledTimes(2);
  });

  it('should reveal any string as it was given', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => new SecretString(value).reveal() === value),
    );
  });
});
