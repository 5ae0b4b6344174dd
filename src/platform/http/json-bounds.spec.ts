import { array, assert, constantFrom, property, string } from 'fast-check';
import { assertBoundedJson } from './json-bounds';

const refusalOf = (text: string): string => {
  try {
    assertBoundedJson(text);
    return '';
  } catch (error) {
    return String(error);
  }
};

describe('the bounds of a JSON text', () => {
  it.each([
    ['['.repeat(65), 'nested deeper than 64 levels'],
    [`[${'{},'.repeat(50_000)}1]`, 'at most 50000 lists and objects'],
    [`[${'0,'.repeat(250_000)}0]`, 'at most 250000 values'],
  ])('are refused beyond: %#', (text, problem) => {
    expect(refusalOf(text)).toContain(problem);
  });

  it.each(['['.repeat(64), `[${'{},'.repeat(49_998)}1]`, `[${'0,'.repeat(249_998)}0]`, '"', '"\\', ''])(
    'are kept: %#',
    (text) => {
      expect(refusalOf(text)).toBe('');
    },
  );

  it('look into no string, however its quotes are escaped', () => {
    const hostile = string({ unit: constantFrom('"', '\\', '[', '{', ',', 'x', 'é'), maxLength: 200 });
    assert(
      property(array(hostile, { maxLength: 20 }), (texts) => {
        const inside = texts.map((text) => text.concat('['.repeat(70)));
        expect(refusalOf(JSON.stringify(inside))).toBe('');
        expect(
          refusalOf(`${JSON.stringify(inside).slice(0, -1)}${inside.length ? ',' : ''}${'['.repeat(64)}`),
        ).toContain('nested deeper');
      }),
    );
  });
});
