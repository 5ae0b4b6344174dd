import * as fc from 'fast-check';
import { contentDisposition } from './content-disposition';

describe('a Content-Disposition', () => {
  it('cannot be broken out of, and says the whole name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const header = contentDisposition('attachment', name);
        expect(header).toMatch(
          /^attachment; filename="[\x20-\x21\x23-\x5b\x5d-\x7e]+"(?:; filename\*=UTF-8''(?:[\w.~-]|%[0-9A-F]{2})+)?$/,
        );
        const encoded = /filename\*=UTF-8''(.*)$/.exec(header)?.[1];
        const plain =
          encoded === undefined ? /filename="(.*)"/.exec(header)![1]! : decodeURIComponent(encoded);
        expect(plain).not.toMatch(/[\p{Cc}/\\:*?"<>|]/u);
        expect(plain).not.toMatch(/^\./);
      }),
      { numRuns: 2_000 },
    );
  });
});
