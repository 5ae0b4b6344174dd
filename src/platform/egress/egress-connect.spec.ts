import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import tls from 'node:tls';
import { Request as UndiciRequest } from 'undici';
import { createConnector } from './connector';
import { hostileUrls } from './hostile-urls.spec-support';
import { parseAllowHosts } from './allowed-hosts';
import { EgressGuard } from './egress-guard';
import { answering, refusalOf } from './egress.spec-support';

const publicV4 = '93.184.215.14';
const set = 'EGRESS_ALLOW_HOSTS';

/** Counts what really opens: undici looks both functions up on their modules at every connection. */
function watchConnections() {
  return [jest.spyOn(net, 'connect'), jest.spyOn(tls, 'connect')];
}

afterEach(() => jest.restoreAllMocks());

describe('a call', () => {
  const guard = new EgressGuard({ allowHosts: [], lookup: answering([publicV4]) });
  afterAll(() => guard.close());

  it.each(hostileUrls)('should be refused before a socket exists (%s): %s', async (reason, url) => {
    const opened = watchConnections();
    expect(await refusalOf(guard.fetch(url))).toMatchObject({ reason });
    for (const connect of opened) expect(connect).not.toHaveBeenCalled();
  });

  it('should be refused in every kind of input', async () => {
    const url = 'https://127.0.0.1/';
    // undici's Request is declared apart from the platform's; callers may hold either.
    const foreign = new UndiciRequest(url) as unknown as Request;
    for (const input of [url, new URL(url), new Request(url), foreign]) {
      expect(await refusalOf(guard.fetch(input))).toEqual({ reason: 'address', host: '127.0.0.1', set });
    }
    expect(await refusalOf(guard.fetch('/relative'))).toEqual({ reason: 'malformed', host: null });
    expect(await refusalOf(guard.fetch('https://u:p@example.com/'))).toMatchObject({ reason: 'user_info' });
  });

  it('should speak http and https only, to allowed hosts too', async () => {
    const lenient = new EgressGuard({ allowHosts: parseAllowHosts('127.0.0.1') });
    for (const url of ['ftp://127.0.0.1/', 'ws://127.0.0.1/', 'file://127.0.0.1/etc/passwd']) {
      expect(await refusalOf(lenient.fetch(url))).toMatchObject({ reason: 'scheme' });
    }
  });

  it('should not let the caller bring another dispatcher', async () => {
    const dispatch = jest.fn();
    const init: RequestInit & { dispatcher: unknown } = { dispatcher: { dispatch } };
    expect(await refusalOf(guard.fetch('https://127.0.0.1/', init))).toMatchObject({ reason: 'address' });
    const refusing = new EgressGuard({ allowHosts: [], lookup: answering(['10.0.0.1']) });
    expect(await refusalOf(refusing.fetch('https://api.example.com/', init))).toMatchObject({
      reason: 'address',
    });
    expect(dispatch).not.toHaveBeenCalled();
  });
});

describe('the connector alone', () => {
  it.each([
    ['address', { protocol: 'https:', hostname: '127.0.0.1', port: '' }],
    ['address', { protocol: 'https:', hostname: '::ffff:7f00:1', port: '8443' }],
    ['scheme', { protocol: 'http:', hostname: 'models.example.com', port: '' }],
    ['port', { protocol: 'https:', hostname: 'models.example.com', port: '25' }],
    ['reserved_name', { protocol: 'https:', hostname: 'localhost', port: '' }],
  ])('should refuse (%s) without a look-up or a socket: %j', (reason, options) => {
    const opened = watchConnections();
    const lookup = answering([publicV4]);
    const callback = jest.fn();
    createConnector({ allowHosts: [], connectTimeoutMs: 100, lookup })(options, callback);
    expect(callback).toHaveBeenCalledWith(
      expect.objectContaining({ code: 'EGRESS_REFUSED', details: { reason, host: options.hostname, set } }),
      null,
    );
    expect(lookup.asked).toEqual([]);
    for (const connect of opened) expect(connect).not.toHaveBeenCalled();
  });
});

describe('a name', () => {
  let trap: net.Server;
  let port: number;
  let reached: number;
  beforeEach(async () => {
    reached = 0;
    trap = net.createServer((socket) => {
      reached++;
      socket.destroy();
    });
    trap.listen(0, '127.0.0.1');
    await once(trap, 'listening');
    // `address()` is a string for pipes only.
    port = (trap.address() as AddressInfo).port;
  });
  afterEach(() => new Promise((resolve) => trap.close(resolve)));

  it('should be refused when it was public at saving and is private at connecting', async () => {
    const lookup = answering([publicV4], ['127.0.0.1']);
    const guard = new EgressGuard({ allowHosts: [], lookup });
    const url = await guard.checkUrl(`https://rebind.example.com:${port}/`);
    expect(await refusalOf(guard.fetch(url))).toEqual({ reason: 'address', host: 'rebind.example.com', set });
    expect(lookup.asked).toHaveLength(2);
    expect(reached).toBe(0);
    await guard.close();
  });

  it.each([
    ['loopback', ['127.0.0.1']],
    ['mapped loopback', ['::ffff:127.0.0.1']],
    ['a metadata service', ['169.254.169.254']],
    ['a public and then a private address', [publicV4, '127.0.0.1']],
    ['a private and then a public address', ['127.0.0.1', publicV4]],
  ])('should be refused for every waiting call when it leads to %s', async (_what, answer) => {
    const guard = new EgressGuard({ allowHosts: [], lookup: answering(answer) });
    const url = `https://models.example.com:${port}/`;
    const refusals = await Promise.all([1, 2, 3].map(() => refusalOf(guard.fetch(url))));
    expect(refusals).toEqual(Array(3).fill({ reason: 'address', host: 'models.example.com', set }));
    expect(reached).toBe(0);
    await guard.close();
  });

  it('should be looked up once a connection and connected to that answer only', async () => {
    const lookup = answering([publicV4], ['127.0.0.1']);
    const dialled: string[] = [];
    jest.spyOn(tls, 'connect').mockImplementation((...args: unknown[]) => {
      // undici's connector passes one object of options.
      const options = args[0] as tls.ConnectionOptions & { lookup: net.LookupFunction };
      const socket = new net.Socket();
      options.lookup(String(options.host), { all: true }, (_error, answer) => {
        for (const each of answer) dialled.push(typeof each === 'string' ? each : each.address);
        socket.destroy(new Error('not dialled in tests'));
      });
      // The connector uses only what a plain socket has too.
      return socket as tls.TLSSocket;
    });
    const guard = new EgressGuard({ allowHosts: [], lookup });
    await expect(guard.fetch('https://models.example.com/')).rejects.toThrow('fetch failed');
    expect(dialled).toEqual([publicV4]);
    expect(lookup.asked).toEqual(['models.example.com']);
    await guard.close();
  });

  it('should fail as a lost connection, not as a refusal, when it stops resolving after saving', async () => {
    const guard = new EgressGuard({ allowHosts: [], lookup: answering([]) });
    await expect(guard.fetch('https://gone.example.com/')).rejects.toMatchObject({
      message: 'fetch failed',
      cause: { code: 'ENOTFOUND' },
    });
    await guard.close();
  });
});

describe('an open socket', () => {
  it('should be refused and closed unread when its peer is private, whatever the look-up said', async () => {
    let written = 0;
    const server = net.createServer((socket) => socket.on('data', (bytes) => (written += bytes.length)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    // `address()` is a string for pipes only.
    const { port } = server.address() as AddressInfo;
    jest.spyOn(tls, 'connect').mockImplementation(() => {
      const socket = net.createConnection(port, '127.0.0.1');
      socket.on('connect', () => socket.emit('secureConnect'));
      // The connector uses what a plain socket has too; a real handshake would need a trusted certificate.
      return socket as tls.TLSSocket;
    });

    const guard = new EgressGuard({ allowHosts: [], lookup: answering([publicV4]) });
    const call = guard.fetch('https://models.example.com/', { method: 'POST', body: 'secret' });
    expect(await refusalOf(call)).toEqual({ reason: 'address', host: 'models.example.com', set });
    await new Promise((resolve) => server.close(resolve));
    expect(written).toBe(0);
    await guard.close();
  });

  it('should name the host, not the pinned address, in TLS', async () => {
    const hello = Promise.withResolvers<string>();
    const server = net.createServer((socket) => {
      socket.once('data', (bytes) => {
        hello.resolve(bytes.toString('latin1'));
        socket.destroy();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    // `address()` is a string for pipes only.
    const { port } = server.address() as AddressInfo;
    const allowHosts = parseAllowHosts(`models.lan:${port}`);
    const guard = new EgressGuard({ allowHosts, lookup: answering(['127.0.0.1']) });
    await expect(guard.fetch(`https://models.lan:${port}/`)).rejects.toThrow('fetch failed');
    expect(await hello.promise).toContain('models.lan');
    await guard.close();
    await new Promise((resolve) => server.close(resolve));
  });
});
