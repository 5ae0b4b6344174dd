import { cleanDisplayName, deriveDisplayName } from './display-name';
import { normaliseRows, type FoundModel } from './normalise';
import { purposeOfId } from './purpose';

const normalise = (found: FoundModel) => normaliseRows([found], () => found).models[0];

describe('numbers', () => {
  test.each([0, -1, 1.5, Number.NaN, Infinity, 2 ** 31, '128000', null, {}])(
    '%p is no number of tokens; the model stays',
    (value) => {
      expect(normalise({ modelKey: 'm', contextWindow: value, maxOutputTokens: value })).toEqual({
        modelKey: 'm',
        displayName: 'M',
      });
    },
  );

  test('the largest of 32 bits is one', () => {
    expect(normalise({ modelKey: 'm', contextWindow: 2 ** 31 - 1 })?.contextWindow).toBe(2_147_483_647);
  });
});

describe('dates', () => {
  test.each([
    0,
    -1,
    1e300,
    Number.NaN,
    '1970-01-01T00:00:00Z',
    'March 2025',
    '2025',
    '2025-13-01',
    true,
    null,
  ])('%p is unknown', (value) => {
    expect(normalise({ modelKey: 'm', releasedAt: value })).not.toHaveProperty('releasedAt');
  });

  test.each([
    [1_754_524_800, '2025-08-07T00:00:00.000Z'],
    ['2025-08-07', '2025-08-07T00:00:00.000Z'],
    ['2025-08-07T02:00:00+02:00', '2025-08-07T00:00:00.000Z'],
    ['2025-08-07T00:00:00.409490317Z', '2025-08-07T00:00:00.409Z'],
  ])('%p is always spelled alike', (value, expected) => {
    expect(normalise({ modelKey: 'm', releasedAt: value })?.releasedAt).toBe(expected);
  });

  test('the end of knowledge stays in the words of the provider', () => {
    expect(normalise({ modelKey: 'm', knowledgeCutoff: ' 2025-03 ' })?.knowledgeCutoff).toBe('2025-03');
    expect(normalise({ modelKey: 'm', knowledgeCutoff: 'x'.repeat(41) })).not.toHaveProperty(
      'knowledgeCutoff',
    );
  });
});

test('prices are not touched; a unit alone is no price', () => {
  const price = { unit: 'usd-per-token', input: '-1', output: Number.NaN } as const;
  expect(normalise({ modelKey: 'm', price })?.price).toEqual(price);
  expect(normalise({ modelKey: 'm', price: { unit: 'usd-per-token', input: undefined } })).not.toHaveProperty(
    'price',
  );
});

test('what the provider lists but does not serve is skipped with its reason', () => {
  const found = { modelKey: 'm', unusable: { field: 'active', reason: 'Off.' } };
  expect(normaliseRows([found], () => found)).toEqual({
    models: [],
    skipped: [{ model: 'm', field: 'active', reason: 'Off.' }],
  });
});

test('display names are one printable line of at most 200 characters', () => {
  expect(cleanDisplayName('  A\tmodel\n\u202Eevil\u0000 ')).toBe('A model evil');
  expect(cleanDisplayName('😀'.repeat(300))).toBe('😀'.repeat(200));
  expect(normalise({ modelKey: 'grok-4', displayName: ' \u0000 ' })?.displayName).toBe('Grok 4');
});

test.each([
  ['gpt-5-mini', 'GPT-5 mini'],
  ['openai/gpt-oss-120b', 'GPT-OSS 120B'],
  ['o4-mini', 'o4 mini'],
  ['qwen/qwen3-32b', 'Qwen3 32B'],
  ['claude-sonnet-4-5', 'Claude sonnet 4 5'],
  ['llama3.2:3b', 'Llama3.2:3b'],
  ['ft:gpt-4o-mini:acme::abc', 'ft:gpt-4o-mini:acme::abc'],
  ['---', '---'],
  ['org/', 'Org'],
])('%s is shown as %s', (id, name) => {
  expect(deriveDisplayName(id)).toBe(name);
});

test.each([
  ['gpt-5', 'chat'],
  ['text-embedding-3-small', 'embedding'],
  ['nomic-embed-text:latest', 'embedding'],
  ['whisper-large-v3', 'audio'],
  ['gpt-4o-mini-tts', 'audio'],
  ['gpt-image-1', 'image'],
  ['dall-e-3', 'image'],
  ['omni-moderation-latest', 'moderation'],
  ['meta-llama/llama-guard-4-12b', 'moderation'],
  ['bge-reranker-v2', 'other'],
  [undefined, 'chat'],
])('%s is for %s', (id, purpose) => {
  expect(purposeOfId(id)).toBe(purpose);
});
