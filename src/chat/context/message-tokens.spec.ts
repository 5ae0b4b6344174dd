import * as fc from 'fast-check';
import { toFileSize } from '../files/file-url';
import { countMessage, mostTokensOf, type CountedMessage } from './message-tokens';

/** What four tokens are added for is its frame. */
const frame = 4;
/** A token a character. */
const counter = { count: (text: string) => ({ tokens: text.length, estimated: false }) };

const file = (mediaType: string, bytes: number) => ({
  type: 'file',
  mediaType,
  url: '/',
  providerMetadata: toFileSize(bytes),
});

let messages = 0;
const messageOf = (...parts: object[]): CountedMessage => {
  messages += 1;
  return { id: `message-${messages}`, parts };
};

const count = (message: CountedMessage) => countMessage(message, 'none', counter);

describe('the tokens of a message', () => {
  it.each(['text/plain', 'text/markdown', 'text/csv', 'application/json'])(
    'are, for %s, a token for three bytes: an estimate, and never more than the bytes',
    (mediaType) => {
      const message = messageOf(file(mediaType, 100_000));
      expect(count(message)).toMatchObject({ tokens: frame + 33_334, estimated: true });
      expect(mostTokensOf(message)).toBe(frame + 100_000);
    },
  );

  it('are those of its text, and no estimate, where there is no file', () => {
    expect(count(messageOf({ type: 'text', text: 'abc' }))).toMatchObject({
      tokens: frame + 3,
      estimated: false,
    });
  });

  it('of images and PDFs are no fewer than an image takes, whatever their size', () => {
    for (const mediaType of ['image/png', 'application/pdf'])
      expect(count(messageOf(file(mediaType, 1)))).toMatchObject({ tokens: frame + 1_600, estimated: true });
    expect(count(messageOf(file('application/pdf', 160_000))).tokens).toBe(frame + 10_000);
  });

  it('are never more than the most that they can be', () => {
    const part = fc.oneof(
      fc.record({ type: fc.constant('text'), text: fc.string({ unit: 'binary' }) }),
      fc
        .tuple(
          fc.constantFrom('text/csv', 'image/png', 'application/pdf', 'image/svg+xml'),
          fc.nat(20 * 1024 * 1024),
        )
        .map(([mediaType, bytes]) => file(mediaType, bytes)),
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const message = messageOf(...parts);
        expect(count(message).tokens).toBeLessThanOrEqual(mostTokensOf(message));
      }),
    );
  });
});
