import { gzipSync } from 'node:zlib';
import { omitted, type Draft } from './draft';

type Change = Partial<Pick<Draft, 'method' | 'target' | 'headers' | 'body' | 'bytes' | 'unfinished'>>;

/** What may be wrong about a request apart from what it says. Each gives the parts that it changes. */
type WireFault = (draft: Draft) => Change;

const chunked =
  (text: string | Buffer): WireFault =>
  ({ headers }) => ({
    headers: [...headers, ['transfer-encoding', 'chunked']],
    body: Buffer.from(text as string, 'latin1'),
    unfinished: true,
  });
const header =
  (name: string, ...values: string[]): WireFault =>
  ({ headers }) => ({
    headers: [
      ...headers.filter(([known]) => known !== name),
      ...values.map((value): [string, string] => [name, value]),
    ],
  });
const method =
  (name: string): WireFault =>
  () => ({ method: name });
const target =
  (change: (target: string) => string): WireFault =>
  (draft) => ({ target: change(draft.target) });
/** With a body that takes one, whether the door does or not. */
const body =
  (make: (body: Buffer) => Buffer, type = 'application/json'): WireFault =>
  ({ headers, body: old = Buffer.from('{}') }) => ({
    headers: [...headers.filter(([name]) => name !== 'content-type'), ['content-type', type]],
    body: make(old),
  });
const length =
  (change: (length: number) => string): WireFault =>
  (draft) => {
    const content = draft.body ?? Buffer.from('{}');
    return {
      body: content,
      headers: [...draft.headers, ['content-length', change(content.length)]],
      unfinished: true,
    };
  };
const bytes = (text: string | Buffer) => () => Buffer.from(text as string, 'latin1');
const each = <T>(values: T[], make: (value: T) => WireFault, what: string): [string, WireFault][] =>
  values.map((value) => [`${what} ${JSON.stringify(value).slice(0, 60)}`, make(value)]);

const methods = ['HEAD', 'OPTIONS', 'TRACE', 'CONNECT', 'PUT', 'PATCH', 'DELETE', 'POST', 'GET', 'PROPFIND', 'PURGE', 'SEARCH', 'QUERY', 'BREW', 'get', 'G\0T', '']; // prettier-ignore
const types = ['', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/json; charset=utf-16', 'application/json; charset=nonsense', 'application/json;', 'APPLICATION/JSON', 'application/json, text/plain', 'application/jsonx', 'application/merge-patch+json', 'application/octet-stream', '*/*', 'nonsense', '/', ';', `application/json; ${'a=b; '.repeat(500)}`, 'application/json\u00ff']; // prettier-ignore
const bodies = ['', ' ', '\ufeff{}', '{', '[', '"', '{"a":', '{"a":1}}', '{"a":1}{"b":2}', '{"a" 1}', '\0', '{"\0":1}', 'null', '[]', '"x"', '0', 'NaN', 'a=b&c=d', '--x\r\n', '\xef\xbb\xbf{}', '\xff\xfe{\0}\0', '{"a":"\xff"}', '{"\xc0\xaf":1}', '//', '{"a":/**/1}', '{,}', '{"a":1,}', "{'a':1}"]; // prettier-ignore
const targets: [string, (target: string) => string][] = [
  ['slash at the end', (path) => path.replace(/(\?|$)/, '/$1')],
  ['double slash', (path) => `/${path}`],
  ['dot segments', (path) => path.replace('/', '/x/../')],
  ['encoded dot segments', (path) => path.replace('/', '/%2e%2e/')],
  ['encoded slashes', (path) => path.slice(0, 1) + path.slice(1).replaceAll('/', '%2F')],
  ['encoded letter', (path) => path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`)],
  ['capitals', (path) => path.toUpperCase()],
  ['backslashes', (path) => path.replaceAll('/', '\\')],
  ['matrix parameter', (path) => `${path};a=b`],
  ['fragment', (path) => `${path}#x`],
  ['bytes beyond ASCII', (path) => `${path}\xff\xfe`],
  ['space', (path) => `${path} x`],
  ['whole address', (path) => `http://elsewhere.example${path}`],
  ['address without path', () => 'localhost:1'],
  ['star', () => '*'],
  ['no path', () => '?a=b'],
  ['long path', (path) => `${path}/${'x'.repeat(9_000)}`],
  ['very long query', (path) => `${path}?${'a=b&'.repeat(20_000)}`],
  [
    'many parameters',
    (path) => `${path}?${Array.from({ length: 1_500 }, (_, index) => `a${index}=1`).join('&')}`,
  ],
  ['repeated parameter', (path) => `${path}?limit=1&limit=2`],
  ['nested parameter', (path) => `${path}?${'a[b]'.repeat(500)}=1`],
  ['__proto__ parameter', (path) => `${path}?__proto__=1&__proto__[x]=1&constructor=1`],
  ['broken parameter', (path) => `${path}?%=%&&=&%E0%A4%A=%zz&a=%00`],
];
const headers: [string, ...string[]][] = [
  ['authorization', 'Bearer'], ['authorization', 'Bearer '], ['authorization', 'Bearer x'.repeat(1_500)], ['authorization', 'Basic YTpi'],
  ['authorization', 'Bearer \xff\xfe'], ['authorization', 'Bearer a.b'], ['authorization', 'Bearer %00.%00'], ['authorization', 'Bearer %zz'], ['authorization', 'Bearer ais_x'],
  ['authorization', 'Bearer a', 'Bearer b'], ['cookie', ''], ['cookie', '='], ['cookie', ';;;'], ['cookie', 'better-auth.session_token=%zz'],
  ['cookie', 'better-auth.session_token=a.b; better-auth.session_token=c'], ['cookie', `a=${'x'.repeat(8_000)}`], ['cookie', '\xff=\xff'], ['cookie', '__proto__=1; constructor=2'],
  ['x-team-id', ''], ['x-team-id', 'x'], ['x-team-id', 'a, b'], ['x-team-id', '\xff'], ['x-team-id', '00000000-0000-0000-0000-000000000000'],
  ['x-request-id', ''], ['x-request-id', 'x'.repeat(9_000)], ['x-request-id', '\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8'], ['x-request-id', 'aaaaaaaa', 'bbbbbbbb'],
  ['host', omitted], ['host', ''], ['host', 'a', 'b'], ['host', 'elsewhere.example'], ['host', '[::1'], ['host', 'x'.repeat(3_000)],
  ['expect', '100-continue'], ['expect', 'nonsense'], ['expect', ''], ['connection', 'upgrade'], ['upgrade', 'websocket'], ['upgrade', 'h2c'],
  ['connection', 'close, content-type'], ['content-encoding', 'gzip'], ['content-encoding', 'br'], ['content-encoding', 'nonsense'], ['te', 'trailers, deflate'],
  ['transfer-encoding', 'identity'], ['transfer-encoding', 'gzip'], ['transfer-encoding', 'nonsense'], ['accept', 'text/html'], ['accept', 'nonsense'], ['accept', '*/*;q=x'],
  ['accept-encoding', 'gzip;q=nonsense'], ['accept-language', 'x'.repeat(5_000)], ['range', 'bytes=0-0'], ['range', 'bytes=99999999-'], ['if-none-match', '*'], ['if-modified-since', 'nonsense'],
  ['origin', 'null'], ['origin', 'http://elsewhere.example'], ['origin', 'nonsense'], ['referer', 'nonsense'], ['sec-fetch-site', 'cross-site'], ['sec-fetch-mode', 'nonsense'],
  ['x-forwarded-for', 'nonsense'], ['x-forwarded-host', 'elsewhere.example'], ['x-forwarded-proto', 'nonsense'], ['forwarded', 'for=_x'], ['x-http-method-override', 'DELETE'],
  ['last-event-id', 'x'], ['last-event-id', ''], ['last-event-id', '\xff'.repeat(500)], ['trpc-accept', 'application/jsonl'], ['trpc-accept', 'nonsense'], ['trpc-batch-mode', 'stream'],
  ['user-agent', ''], ['user-agent', '\xff'.repeat(2_000)], ['user-agent', `a\x01b`], ['priority', 'u=9'], ['__proto__', 'x'], ['constructor', 'x'], ['x'.repeat(2_000), 'x'], ['a b', 'x'], ['', 'x'], ['\xff', 'x'],
]; // prettier-ignore

const deep = (open: string, close: string, depth: number) =>
  Buffer.from(`{"a":${open.repeat(depth)}1${close.repeat(depth)}}`);

/** By name. */
export const wireFaults: [string, WireFault][] = [
  ...each(methods, method, 'method'),
  ...targets.map(([name, change]): [string, WireFault] => [name, target(change)]),
  ...headers.map(([name, ...values]): [string, WireFault] => [
    `${name}: ${JSON.stringify(values).slice(0, 60)}`,
    header(name, ...values),
  ]),
  ...each(types, (type) => body((old) => old, type), 'content type'),
  [
    'no content type',
    (draft) => ({
      headers: draft.headers.filter(([name]) => name !== 'content-type'),
      body: draft.body ?? Buffer.from('{}'),
    }),
  ],
  ...each(bodies, (text) => body(bytes(text)), 'body'),
  ['body cut short', body((old) => old.subarray(0, Math.max(1, old.length - 3)))],
  ['body twice', body((old) => Buffer.concat([old, old]))],
  ['body of a list with it', body((old) => Buffer.concat([Buffer.from('['), old, Buffer.from(']')]))],
  ['3 MiB', body(() => Buffer.alloc(3 * 2 ** 20, '['))],
  ['almost 2 MiB of spaces', body((old) => Buffer.concat([Buffer.alloc(2 ** 21 - 100_000, ' '), old]))],
  ['100,000 lists deep', body(() => deep('[', ']', 100_000))],
  ['100,000 objects deep', body(() => deep('{"a":', '}', 100_000))],
  ['100,000 lists that never end', body(() => Buffer.alloc(100_000, '['))],
  [
    '100,000 fields',
    body(() =>
      Buffer.from(
        JSON.stringify(Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, 0]))),
      ),
    ),
  ],
  [
    'compressed',
    (draft) => ({
      ...body((old) => gzipSync(old))(draft),
      headers: [
        ['content-type', 'application/json'],
        ['content-encoding', 'gzip'],
      ],
    }),
  ],
  [
    'a bomb',
    (draft) => ({
      ...body(() => gzipSync(Buffer.alloc(10 * 2 ** 20, ' ')))(draft),
      headers: [
        ['content-type', 'application/json'],
        ['content-encoding', 'gzip'],
      ],
    }),
  ],
  ...each(
    ['-1', '0', '1', '1e3', '0x10', '+2', ' 2', '9999999999999999999999', '2, 2', '', 'nonsense'],
    (value) => length(() => value),
    'content-length',
  ),
  ['content-length too large', length((count) => String(count + 5))],
  ['content-length too small', length((count) => String(Math.max(0, count - 1)))],
  [
    'content-length twice',
    (draft) => ({
      ...length(String)(draft),
      headers: [...draft.headers, ['content-length', '2'], ['content-length', '3']],
    }),
  ],
  [
    'content-length and chunks',
    (draft) => ({
      ...chunked('2\r\n{}\r\n0\r\n\r\n')(draft),
      headers: [...draft.headers, ['content-length', '2'], ['transfer-encoding', 'chunked']],
    }),
  ],
  ...each(
    [
      '2\r\n{}\r\n0\r\n\r\n',
      '2;a=b\r\n{}\r\n0\r\nx: y\r\n\r\n',
      'zz\r\n{}\r\n0\r\n\r\n',
      '2\r\n{}',
      'ffffffffffffffffff\r\n{}',
      '-1\r\n\r\n',
      '2\n{}\n0\n\n',
      '5\r\n{}\r\n0\r\n\r\n',
      '0\r\n\r\n',
      '',
      `2;${'x'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`,
    ],
    chunked,
    'chunks',
  ),
  [
    '500 headers',
    (draft) => ({
      headers: [
        ...draft.headers,
        ...Array.from({ length: 500 }, (_, index): [string, string] => [`x-${index}`, 'y']),
      ],
    }),
  ],
  [
    '3,000 headers',
    (draft) => ({
      headers: [
        ...draft.headers,
        ...Array.from({ length: 3_000 }, (_, index): [string, string] => [`x-${index}`, 'y']),
      ],
    }),
  ],
  [
    'header without colon',
    ({ method: name, target: path }) => ({
      bytes: Buffer.from(`${name} ${path} HTTP/1.1\r\nhost: x\r\nnonsense\r\n\r\n`, 'latin1'),
      unfinished: true,
    }),
  ],
  [
    'folded header',
    ({ method: name, target: path }) => ({
      bytes: Buffer.from(`${name} ${path} HTTP/1.1\r\nhost: x\r\na: b\r\n c\r\n\r\n`, 'latin1'),
      unfinished: true,
    }),
  ],
  [
    'bare line feeds',
    ({ method: name, target: path }) => ({
      bytes: Buffer.from(`${name} ${path} HTTP/1.1\nhost: x\n\n`, 'latin1'),
      unfinished: true,
    }),
  ],
  [
    'unfinished head',
    ({ method: name, target: path }) => ({
      bytes: Buffer.from(`${name} ${path} HTTP/1.1\r\nhost: x\r\n`, 'latin1'),
      unfinished: true,
    }),
  ],
  ...each(
    ['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/9.9', 'http/1.1', 'HTTP/1.1x', ''],
    (version) =>
      ({ method: name, target: path }) => ({
        bytes: Buffer.from(`${name} ${path} ${version}\r\nhost: x\r\nconnection: close\r\n\r\n`, 'latin1'),
        unfinished: true,
      }),
    'version',
  ),
];

/** Beginnings that speak something else than HTTP, or almost HTTP. */
export const otherProtocols = [
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'SSH-2.0-x\r\n', '\0\0\0\x08\x04\xd2\x16\x2f', '\r\n\r\n\r\n',
  'GET / HTTP/1.1\r\nhost: x\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\n', 'POST /trpc/x HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n{', 'x'.repeat(100_000),
  `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n`, 'GET / HTTP/1.1\r\nhost: x\r\n: x\r\n\r\n', 'HELO x\r\n', '{"jsonrpc":"2.0"}\n', 'PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\nGET / HTTP/1.1\r\n\r\n',
]; // prettier-ignore
