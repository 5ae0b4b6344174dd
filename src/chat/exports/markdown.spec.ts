import { Parser } from 'commonmark';
import * as fc from 'fast-check';
import { toMarkdownHead, toMarkdownMessage } from './markdown';

const createdAt = new Date('2026-01-02T03:04:05.000Z');

/** Blocks at the top of a document: what a reader takes for its structure. */
function listBlocks(markdown: string): string[] {
  const types: string[] = [];
  for (let node = new Parser().parse(markdown).firstChild; node; node = node.next) types.push(node.type);
  return types;
}

const pieces = fc.constantFrom(
  '#',
  '## You',
  '>',
  '```',
  '~~~',
  '---',
  '===',
  '\n',
  '\r',
  '\r\n',
  '\n\n',
  '    ',
  '\t',
  '- ',
  '1. ',
  '<div>',
  '<!--',
  '-->',
  '<![CDATA[',
  '</blockquote>',
  '<script>',
  '[a]: /b',
  '| a |',
  'text',
  '\\',
  '`',
  '*',
  '\u2028',
  '\u0085',
  '\v',
  '\f',
);
const hostile = fc.array(pieces, { maxLength: 30 }).map((list) => list.join(''));

describe('a conversation as Markdown', () => {
  it('has the structure that it is given, whatever anybody said', () => {
    fc.assert(
      fc.property(hostile, fc.array(hostile, { minLength: 1, maxLength: 4 }), (title, texts) => {
        const messages = texts.map((text, index) =>
          toMarkdownMessage({
            role: index % 2 === 0 ? 'user' : 'assistant',
            parts: [{ type: 'text', text }],
            status: 'complete',
            modelRef: title,
            createdAt,
          }),
        );
        const blocks = listBlocks(toMarkdownHead({ title, createdAt }) + messages.join(''));
        const expected = [
          'heading',
          'paragraph',
          ...texts.flatMap(() => ['heading', 'paragraph', 'block_quote']),
        ];
        expect(blocks).toEqual(expected);
      }),
      { numRuns: 2_000 },
    );
  });
});
