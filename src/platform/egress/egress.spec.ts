import { AppError } from '../errors';
import { answering, refusalOf } from './egress.spec-support';
import { hostileForms, hostileUrls } from './hostile-urls.spec-support';
import { parseAllowHosts } from './allowed-hosts';
import { EgressGuard } from './egress-guard';

/** A real public address, never called: it is only what the test's name server answers. */
const publicV4 = '93.184.215.14';
const publicV6 = '2606:4700::6810:84e5';

function guardWith(lookup = answering([publicV4]), allowHosts = '') {
  return new EgressGuard({ allowHosts: parseAllowHosts(allowHosts), lookup, connectTimeoutMs: 200 });
}

describe('a base URL that is saved', () => {
  it.each(hostileUrls)('should be refused (%s): %s', async (reason, url) => {
    expect(await refusalOf(guardWith().checkUrl(url))).toMatchObject({ reason });
  });

  it.each(hostileForms)('should be refused for its form (%s): %j', async (reason, url) => {
    expect(await refusalOf(guardWith().checkUrl(url))).toMatchObject({ reason });
  });

  it.each([
    ['a metadata service', ['169.254.169.254']],
    ['a metadata service over IPv6', ['fd00:ec2::254']],
    ['loopback', ['127.0.0.1']],
    ['IPv6 loopback', ['::1']],
    ['a mapped address', ['::ffff:10.0.0.1']],
    ['a zoned address', ['fe80::1%eth0']],
    ['something that is not an address', ['localhost']],
    ['a public and a private address', [publicV4, '10.0.0.1']],
    ['a private IPv6 and a public address', ['fc00::1', publicV4]],
  ])('should be refused when its name leads to %s', async (_what, answer) => {
    expect(await refusalOf(guardWith(answering(answer)).checkUrl('https://models.example.com/v1'))).toEqual({
      reason: 'address',
      host: 'models.example.com',
      set: 'EGRESS_ALLOW_HOSTS',
    });
  });

  it('should be refused with its own reason when its name does not resolve', async () => {
    const expected = { reason: 'unresolved', host: 'typo.example.com' };
    expect(await refusalOf(guardWith(answering([])).checkUrl('https://typo.example.com'))).toEqual(expected);
    const emptyAnswer = guardWith(
      Object.assign(
        (_host: string, _options: object, callback: (error: null, answer: []) => void) => callback(null, []),
        { asked: [] },
      ),
    );
    expect(await refusalOf(emptyAnswer.checkUrl('https://typo.example.com'))).toEqual(expected);
    const silent = guardWith(Object.assign(() => undefined, { asked: [] }));
    expect(await refusalOf(silent.checkUrl('https://typo.example.com'))).toEqual(expected);
  });

  it('should say what to do, and repeat neither user info, path nor looked-up address', async () => {
    const guard = guardWith(answering(['10.11.12.13']));
    for (const url of [
      'https://joe:hunter2@a.example.com/secret-path',
      'https://a.example.com/secret-path',
    ]) {
      const error: unknown = await guard.checkUrl(url).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'EGRESS_REFUSED', fault: 'user' });
      expect(error).toHaveProperty('message', expect.stringMatching(/^(Remove|Use) /));
      // What reaches the client; the looked-up address is in `cause`, for the log.
      const { message, details } = error instanceof AppError ? error : {};
      expect(JSON.stringify({ message, details })).not.toMatch(/joe|hunter2|secret-path|10\.11/);
    }
  });

  it.each([
    ['https://api.openai.com/v1', 'https://api.openai.com/v1'],
    ['HTTPS://API.Example.COM:443/v1/', 'https://api.example.com/v1/'],
    ['https://api.example.com:8443/v1?api-version=1', 'https://api.example.com:8443/v1?api-version=1'],
    ['https://bücher.example/v1', 'https://xn--bcher-kva.example/v1'],
    ['https://api.example.com./v1', 'https://api.example.com./v1'],
    ['https://8.8.8.8/v1', 'https://8.8.8.8/v1'],
    ['https://0x08080808/v1', 'https://8.8.8.8/v1'],
    ['https://[2606:4700:0:0::6810:84e5]/v1', 'https://[2606:4700::6810:84e5]/v1'],
    ['https://localhost.example.com/', 'https://localhost.example.com/'],
    ['https://mylocal/', 'https://mylocal/'],
  ])('should be accepted when public: %s', async (url, href) => {
    const checked = await guardWith(answering([publicV6, publicV4])).checkUrl(url);
    expect(checked.href).toBe(href);
  });

  it('should be looked up once, by name, and not at all for a literal', async () => {
    const lookup = answering([publicV4]);
    await guardWith(lookup).checkUrl('https://8.8.8.8/');
    await guardWith(lookup).checkUrl('https://api.example.com/');
    expect(lookup.asked).toEqual(['api.example.com']);
  });
});

describe('a host that the operator allowed', () => {
  const allowHosts = 'Ollama.LAN:11434, 127.1, [0::1]:8080, gpu.internal, BÜCHER.example';
  const guard = guardWith(answering(['10.0.0.1']), allowHosts);

  it.each([
    'http://ollama.lan:11434/v1',
    'https://OLLAMA.lan:11434/v1',
    'http://127.0.0.1/',
    'http://2130706433:9000/',
    'http://[::1]:8080/',
    'https://gpu.internal:22/',
    'http://xn--bcher-kva.example/',
  ])('should be accepted, private or plain http: %s', async (url) => {
    await expect(guard.checkUrl(url)).resolves.toBeInstanceOf(URL);
  });

  it.each([
    ['scheme', 'http://ollama.lan/'],
    ['address', 'https://ollama.lan:11435/'],
    ['scheme', 'http://ollama.lan.:11434/'],
    ['scheme', 'http://evil.ollama.lan:11434/'],
    ['scheme', 'http://127.0.0.2/'],
    ['address', 'https://[::1]:8081/'],
    ['reserved_name', 'https://x.gpu.internal/'],
    ['user_info', 'http://joe@ollama.lan:11434/'],
    ['fragment', 'http://ollama.lan:11434/#x'],
    ['scheme', 'ftp://127.0.0.1/'],
  ])('should cover nothing else (%s): %s', async (reason, url) => {
    expect(await refusalOf(guard.checkUrl(url))).toMatchObject({ reason });
  });
});

describe('parseAllowHosts', () => {
  it('should normalise as URL does and tell no port from a port', () => {
    expect(parseAllowHosts('  ')).toEqual([]);
    expect(parseAllowHosts('A.Example:80,0x7f.1,[0:0::1],[::ffff:1.2.3.4]:443')).toEqual([
      { host: 'a.example', port: 80 },
      { host: '127.0.0.1' },
      { host: '::1' },
      { host: '::ffff:102:304', port: 443 },
    ]);
  });

  it.each([
    ...[
      '',
      ' ',
      ':80',
      '::1',
      '[::1',
      '[]',
      '[a.example]',
      'a b',
      'http://a',
      'a/b',
      'u@a',
      'a?',
      'a#',
      '*.a',
    ],
    ...[
      'a:',
      'a:0',
      'a:65536',
      'a:99999',
      'a:-1',
      'a:x',
      'a:80:80',
      '256.0.0.1',
      'a%2eb',
      '[::1]x',
      '[::1]:x',
    ],
    ...['fe80::1', '[fe80::1%eth0]', 'a\\b', '1.2.3.4.5'],
  ])('should name the position of a bad entry, not its text: %j', (entry) => {
    expect(() => parseAllowHosts(`a.example,${entry}`)).toThrow(/^Entry 2 of the allowed hosts /);
  });
});
