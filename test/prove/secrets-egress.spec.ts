import { parseAllowHosts } from '../../src/platform/egress/allowed-hosts';
import { refusedRanges } from '../../src/platform/egress/address-ranges';
import { EgressGuard } from '../../src/platform/egress';
import { hostileForms, hostileUrls } from '../../src/platform/egress/hostile-urls.spec-support';
import { getProviderKind, providerKindNames } from '../../src/ai-studio/providers/provider-kinds';
import { startTestApp, type TestApp } from '../support/app';
import { createTeam, signUp, type Client } from '../support/client';
import { listen, type Listener } from './egress/listener';
import { startNameServer, type NameServer } from './egress/name-server';
import { publish } from './proof';

jest.setTimeout(300_000);

const publicUrls = [
  'https://api.openai.com/v1',
  'https://API.Example.com:8443/v1',
  'https://api.example.com./v1',
  'https://bücher.example/v1',
  'https://8.8.8.8/v1',
  'https://134744072/v1',
  'https://1.1.1.1:8443/',
  'https://172.15.255.255/',
  'https://172.32.0.1/',
  'https://192.167.255.255/',
  'https://100.63.255.255/',
  'https://100.128.0.1/',
  'https://[2606:4700:4700::1111]/v1',
  'https://[2a00:1450:4001:80b::200a]/',
  'https://internal.example.com/',
  'https://localhost.example.com/',
];

describe('hostile addresses', () => {
  let inside: Listener;
  let redirector: Listener;
  let names: NameServer;
  let app: TestApp;
  let admin: Client;
  let location = '';

  beforeAll(async () => {
    inside = await listen();
    redirector = await listen((request, response) => {
      response.writeHead(Number(request.url?.slice(1, 4)), { location }).end();
    });
    names = await startNameServer();
    app = await startTestApp({ EGRESS_ALLOW_HOSTS: `127.0.0.1:${redirector.port}` });
    admin = await createTeam(await signUp(app));
  });

  afterAll(async () => {
    await app.close();
    names.close();
    await Promise.all([inside.close(), redirector.close()]);
  });

  const all = [...hostileUrls, ...hostileForms].map(([, url]) => url);

  it('are not saved, over REST and tRPC', async () => {
    let [saved, tried] = [0, 0];
    for (const [index, baseUrl] of all.entries()) {
      const body = { displayName: `Endpoint ${index}`, baseUrl };
      for (const answer of [
        await admin.post('/api/v1/team-providers', body),
        await admin.mutate('aiProviders.createForTeam', body),
      ]) {
        tried += 1;
        if (answer.status < 300) saved += 1;
        const { code } = answer.body.error.data?.error ?? answer.body.error;
        expect([baseUrl, code]).toEqual([
          baseUrl,
          expect.stringMatching(/^(EGRESS_REFUSED|VALIDATION_FAILED)$/),
        ]);
      }
    }
    publish({ name: 'hostile addresses that were saved', found: saved, of: tried, aim: 0 });
    expect(all.length).toBeGreaterThanOrEqual(60);
  });

  it('are not connected to, whatever the database says', async () => {
    const guard = app.nest.get(EgressGuard);
    const urls = hostileUrls.flatMap(([reason, url]) => [
      url,
      ...(isHost(reason) ? atPort(url, inside.port) : []),
    ]);
    const reached = await countReached(inside, urls, (url) => guard.fetch(url));
    publish({ name: 'hostile addresses that were connected to', found: reached, of: urls.length, aim: 0 });
  });

  it('are not redirected to', async () => {
    const guard = app.nest.get(EgressGuard);
    const urls = all
      .flatMap((url) => [url, ...atPort(url, inside.port)])
      .filter((url) => /^[\x21-\x7e]+$/.test(url));
    const statuses = [301, 302, 303, 307, 308];
    const calls = urls.flatMap((url, index) => [{ url, status: statuses[index % statuses.length] }]);
    const reached = await countReached(inside, calls, ({ url, status }) => {
      location = url;
      return guard.fetch(`http://127.0.0.1:${redirector.port}/${status}`);
    });
    publish({ name: 'hostile addresses that a redirect led to', found: reached, of: calls.length, aim: 0 });
    expect(redirector.headers).toHaveLength(calls.length);
  });

  it('are not reached by a name that leads elsewhere when it is called', async () => {
    const guard = new EgressGuard({ allowHosts: [], lookup: names.lookup });
    const addresses = refusedRanges
      .map(([range]) => range.split('/')[0] ?? '')
      .concat('127.0.0.1', '::1', '127.9.9.9', '::ffff:127.0.0.1');
    const rebinding = addresses.map((address, index) => {
      const name = `name${index}.rebinding.example`;
      names.answers.set(name, [['93.184.215.14'], index % 2 ? [address] : ['93.184.215.14', address]]);
      return `https://${name}:${inside.port}/`;
    });
    let accepted = 0;
    for (const url of rebinding) if (await guard.checkUrl(url)) accepted += 1;
    expect(accepted).toBe(rebinding.length); // it was public when it was saved
    const reached = await countReached(inside, rebinding, (url) => guard.fetch(url));
    publish({
      name: 'hostile addresses that a rebinding name led to',
      found: reached,
      of: rebinding.length,
      aim: 0,
    });
    await guard.close();
  });

  it('are told from public ones, which are accepted', async () => {
    for (const url of publicUrls)
      names.answers.set(new URL(url).hostname.toLowerCase().replace(/\.$/, ''), [
        ['93.184.215.14', '2606:4700:4700::1111'],
      ]);
    const guard = new EgressGuard({ allowHosts: [], lookup: names.lookup });
    const accepted = await Promise.all(
      publicUrls.map((url) =>
        guard.checkUrl(url).then(
          () => true,
          () => false,
        ),
      ),
    );
    publish({
      name: 'public addresses that were accepted',
      found: accepted.filter(Boolean).length,
      of: publicUrls.length,
      aim: 'all',
    });
    await guard.close();
  });

  it('would be noticed: who listens there hears a call that is allowed', async () => {
    const guard = new EgressGuard({ allowHosts: parseAllowHosts(`127.0.0.1:${inside.port}`) });
    expect((await guard.fetch(`http://127.0.0.1:${inside.port}/`)).status).toBe(200);
    expect(inside.connections).toBe(1);
    await guard.close();
  });

  it('are met by no provider package that goes another way than the one it is given', async () => {
    const kinds = providerKindNames.filter((name) => name !== 'sandbox');
    const past = jest.spyOn(globalThis, 'fetch').mockRejectedValue(new Error('past the guard'));
    let astray = 0;
    for (const name of kinds) {
      const guarded = jest.fn().mockRejectedValue(new TypeError('refused'));
      const options = {
        baseUrl: 'https://api.example.com/v1',
        apiKey: 'sk-test',
        fetch: guarded,
        modelKey: 'model',
      };
      const model = await getProviderKind(name).createModel(options);
      const prompt = [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'Hello' }] }];
      for (const call of [model.doGenerate({ prompt }), model.doStream({ prompt })])
        await Promise.resolve(call).catch(() => undefined);
      if (past.mock.calls.length > 0 || guarded.mock.calls.length < 2) astray += 1;
      past.mockClear();
    }
    past.mockRestore();
    publish({ name: 'provider packages that call past the guard', found: astray, of: kinds.length, aim: 0 });
  });
});

/** The address itself is hostile, not only what stands around it. */
function isHost(reason: string): boolean {
  return reason === 'address' || reason === 'reserved_name';
}

/** The same host where somebody listens, in both schemes; nothing for what is no address. */
function atPort(text: string, port: number): string[] {
  const url = URL.parse(text);
  if (!url?.hostname || !/^https?:$/.test(url.protocol)) return [];
  return ['https', 'http'].map((scheme) => `${scheme}://${url.hostname}:${port}/`);
}

/** Makes calls that have to be refused; how many connections came of them. A call that is not refused counts as well. */
async function countReached<T>(
  listener: Listener,
  calls: readonly T[],
  call: (one: T) => Promise<unknown>,
): Promise<number> {
  const before = listener.connections;
  let answered = 0;
  for (const one of calls)
    await call(one).then(
      () => (answered += 1),
      (error: unknown) => expect(error).toMatchObject({ name: 'AppError' }),
    );
  return answered + listener.connections - before;
}
