/** Bytes that stand in a body as they are, where JSON text would stand. */
class RawJson {
  constructor(readonly bytes: Buffer) {}
}

const raw = (text: string) => new RawJson(Buffer.from(text, 'latin1'));
const nested = (open: string, close: string, depth: number) =>
  raw(`${open.repeat(depth)}1${close.repeat(depth)}`);

/** Values that fit hardly any field. Functions, so that the large ones are made only where they are sent. */
const oddValues: (() => unknown)[] = [
  ...[null, true, false, 0, -1, 1, 1.5, 2 ** 31, 2 ** 53, 1e21, 5e-324, '', ' ', 'x', [], [[]], {}].map(
    (value) => () => value,
  ),
  ...['-0', '1e400', '-1e400', '9007199254740993', '0.1e-9999', '1'.repeat(400)].map(
    (text) => () => raw(text),
  ),
  ...['NaN', 'Infinity', '01', '+1', '0x10', '.5', 'undefined', "'x'", '', '[1,]', '{"a":1,}'].map(
    (text) => () => raw(text),
  ),
  ...['NaN', 'null', '[]', '{{x}}', '\\{{', '$1', '%s%n', '../../etc/passwd', '<script>x</script>'].map(
    (text) => () => text,
  ),
  ...["' or 1=1 --", '"; drop table team; --', '\\', '\\x00', '${7*7}', 'a\r\nset-cookie: x=y'].map(
    (text) => () => text,
  ),
  ...['\0', 'a\0b', '\ud800', 'a\udfffb', '\ud83d', '\ufeffx', '\u202ex', '\u0001\u001f\u007f\u0085'].map(
    (text) => () => text,
  ),
  ...['\u{1f469}\u200d\u{1f680}', 'e\u0301', '\u{10ffff}', '\ufffe\uffff', '\u2028\u2029', '\u0130', 'ﷺ'].map(
    (text) => () => text,
  ),
  ...['2020-02-30', '2020-13-01T00:00:00Z', '0000-00-00', '9999-12-31T23:59:60Z', '+275760-09-13', '1e9'].map(
    (text) => () => text,
  ),
  ...['01A2058D-9C42-75A8-9B5D-AA103CD1338D', '{01a2058d-9c42-75a8-9b5d-aa103cd1338d}', 'openai/', '/'].map(
    (text) => () => text,
  ),
  ...['00000000-0000-0000-0000-000000000000', 'a/b/c', '/x', 'sandbox/', 'x'.repeat(36)].map(
    (text) => () => text,
  ),
  // UTF-8 that is none: an overlong slash, a surrogate, a byte that never is, a character cut short, CESU-8.
  ...[
    '"\xc0\xaf"',
    '"\xed\xa0\x80"',
    '"\xff"',
    '"\xe2\x82"',
    '"\xed\xa0\xbd\xed\xb8\x80"',
    '"\xf4\x90\x80\x80"',
  ].map((text) => () => raw(text)),
  ...['"\\ud800"', '"\\u0000"', '"\\u"', '"\\x41"', '"\t"', '"a\nb"'].map((text) => () => raw(text)),
  ...[10_000, 100_000, 300_000].map((length) => () => 'x'.repeat(length)),
  () => '\u{1f600}'.repeat(60_000),
  () => ' '.repeat(100_000),
  () => '{{'.repeat(20_000),
  () => Array.from({ length: 20_000 }, () => null),
  () => Array.from({ length: 2_000 }, (_, index) => ({ [`k${index}`]: index })),
  () => Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`k${index}`, index])),
  ...[30, 60, 1_000, 100_000].flatMap((depth) => [
    () => nested('[', ']', depth),
    () => nested('{"a":', '}', depth),
  ]),
  () => raw('{"__proto__":{"polluted":1}}'),
  () => raw('{"constructor":{"prototype":{"polluted":1}}}'),
  () => raw('{"\\u005f_proto__":1}'),
  () => ({ toString: 1, valueOf: null, then: 'x', toJSON: 1, length: -1 }),
  () => ({ $ne: null, $where: '1', $gt: '' }),
];

/** Keys that no object of ours has, or that mean something to the language. */
const oddKeys = [
  'unknown', '', '__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__',
  'toJSON', 'then', 'id', 'teamId', 'team_id', 'userId', 'role', 'a.b', 'a[0]', '0', '-1', 'a\0b', '\ud800', '\u{1f600}',
  'x'.repeat(5_000), 'x'.repeat(500_000),
]; // prettier-ignore

/** Texts for a path or a query, percent-encoded or wrongly so. */
const oddTexts = [
  '', '0', '-1', '1e9', '1.5', 'null', 'true', '[]', '{}', 'x', '%00', 'a%00b', '%', '%zz', '%E0%A4%A', '%ED%A0%80',
  '%C0%AF', '%FF', '%F4%90%80%80', '%2F', '%2f..%2f..%2fetc', '..', '.', '%2e%2e', '..%5c', '//', ';a=b', "'%20or%201=1--",
  '%F0%9F%98%80', '%25', '%2525', '+', '%20', '%0d%0aset-cookie:%20x=y', '*', '$', 'a,b', '\xff\xfe', '\xc3\xa9', '%u0041',
  '01A2058D-9C42-75A8-9B5D-AA103CD1338D', '00000000-0000-0000-0000-000000000000', 'sandbox%2F', '%2Fecho', 'constructor',
  '__proto__', 'x'.repeat(600), 'x'.repeat(5_001), 'x'.repeat(9_000), '%F0%9F%98%80'.repeat(300),
  // Cursors that no list made.
  ...['[]', '[""]', '{"a":1}', 'null', '[1,2]', '["9999-99-99","00000000-0000-0000-0000-000000000000"]', '["a\\u0000b","x"]',
    '["infinity","00000000-0000-0000-0000-000000000000"]', '["-1","00000000-0000-0000-0000-000000000000"]',
    '["1e999","00000000-0000-0000-0000-000000000000"]', '["1","1","00000000-0000-0000-0000-000000000000"]',
    '["99999999999999999999"]', '["0"]', '["1.5"]']
    .map((text) => Buffer.from(text).toString('base64url')),
]; // prettier-ignore

export const oddities = { values: oddValues, keys: oddKeys, texts: oddTexts };

/** JSON of a value whose {@link RawJson} parts go in as they are. `repeatKey`: that key of the outermost object comes twice. */
export function toJsonBytes(value: unknown, repeatKey?: string): Buffer {
  if (value instanceof RawJson) return value.bytes;
  if (Array.isArray(value))
    return joined(
      '[',
      value.map((item) => toJsonBytes(item)),
      ']',
    );
  if (typeof value !== 'object' || value === null) return Buffer.from(JSON.stringify(value) ?? 'null');
  const members = Object.entries(value).flatMap(([key, member]) => {
    if (member === undefined) return [];
    const bytes = Buffer.concat([Buffer.from(`${JSON.stringify(key)}:`), toJsonBytes(member)]);
    return key === repeatKey ? [bytes, bytes] : [bytes];
  });
  return joined('{', members, '}');
}

function joined(open: string, parts: Buffer[], close: string): Buffer {
  const separated = parts.flatMap((part, index) => (index === 0 ? [part] : [Buffer.from(','), part]));
  return Buffer.concat([Buffer.from(open), ...separated, Buffer.from(close)]);
}
