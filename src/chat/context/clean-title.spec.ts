import * as fc from 'fast-check';
import { findCharacterProblems } from '@kdx/shared';
import { titleLength, toCleanTitle } from './clean-title';

describe('a title that a model gave', () => {
  it.each([
    ['"Holiday rules"', 'Holiday rules'],
    ['# **Holiday** rules\n\nIs there more?', 'Holiday rules'],
    ['\n\n  Title: Holiday rules.  ', 'Holiday rules.'],
    ['Titel: „Urlaub im Sommer“', 'Urlaub im Sommer'],
    ['- `npm install` fails', 'npm install fails'],
    ['[Click](https://evil.example) me', 'Click me'],
    ['![](https://evil.example/p.png)Seen', 'Seen'],
    ['Snake_case_names in C*', 'Snake_case_names in C'],
    ['pay\u202Eload', 'payload'],
    ['a\u0000b\tc', 'a b c'],
    ['---\n```\n休暇の規則', '休暇の規則'],
    ['***', ''],
    ['', ''],
  ])('%j becomes %j', (given, title) => {
    expect(toCleanTitle(given)).toBe(title);
  });

  it('is one plain line of at most 80 characters, whatever the model said', () => {
    const nasty = fc.constantFrom(
      '\u202E',
      '\u200B',
      '\u0007',
      '\n',
      '**',
      '`',
      '"',
      '\ud83d',
      'a',
      ' ',
      '\u{1F600}',
      '# ',
    );
    const said = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.array(nasty, { maxLength: 200 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(said, (text) => {
        const title = toCleanTitle(text);
        expect(title.length).toBeLessThanOrEqual(titleLength);
        expect(title).toBe(title.trim());
        expect(title).not.toMatch(/[\p{Cc}\n\u2028\u2029`]|\*\*|^["'#>]/u);
        expect(findCharacterProblems(title)).toEqual([]);
        expect(title.isWellFormed()).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });
});
