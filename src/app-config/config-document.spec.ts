import { z } from 'zod';
import type { ConfigSchema } from '@kdx/shared';
import { checkDocument, mergePatch, readDocument } from './config-document';

const schema: ConfigSchema = {
  version: 3,
  schema: z.strictObject({
    colour: z.string().default('blue'),
    size: z.strictObject({ width: z.number().default(1) }).prefault({}),
  }),
  upgrade: {
    1: ({ color, ...rest }) => ({ ...rest, colour: color }),
    2: (document) => ({ ...document, size: { width: 2 } }),
  },
};
const stored = (config: Record<string, unknown>, schemaVersion: number) => ({
  config,
  schemaVersion,
  version: 1,
  updatedAt: new Date(),
});

describe('a stored configuration document', () => {
  it('is reported and kept whole where it does not fit', () => {
    expect(readDocument(schema, stored({ colour: 7 }, 3))).toMatchObject({
      ok: false,
      config: { colour: 7 },
      problems: [{ field: 'colour' }],
    });
  });

  it('is reported where a newer server saved it', () => {
    expect(readDocument(schema, stored({ colour: 'red' }, 4))).toMatchObject({
      ok: false,
      config: { colour: 'red' },
    });
  });

  it('goes through every upgrade since it was saved', () => {
    expect(readDocument(schema, stored({ color: 'red' }, 1))).toEqual({
      ok: true,
      config: { colour: 'red', size: { width: 2 } },
    });
    expect(readDocument(schema, stored({ colour: 'red' }, 2))).toEqual({
      ok: true,
      config: { colour: 'red', size: { width: 2 } },
    });
  });

  it('has defaults before anything was saved', () => {
    expect(readDocument(schema, null)).toEqual({ ok: true, config: { colour: 'blue', size: { width: 1 } } });
  });

  it('names unknown keys wherever they stand', () => {
    const { ok, ...rest } = checkDocument(schema, { shape: 1, size: { depth: 2 } });
    expect(ok).toBe(false);
    expect(rest).toMatchObject({
      problems: expect.arrayContaining([
        { field: 'shape', problem: 'is not a known field' },
        { field: 'size.depth', problem: 'is not a known field' },
      ]),
    });
  });
});

describe('a merge patch', () => {
  // The examples of RFC 7396, appendix A, whose result is an object.
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('of %j by %j gives %j', (target, patch, result) => {
    expect(mergePatch(target, patch)).toEqual(result);
  });
});
