import { generateKeyPairSync, randomBytes, randomUUID, verify } from 'node:crypto';
import { inspect } from 'node:util';

import type { GoogleKmsSettings } from '../../src/platform/env';
import { SecretString } from '../../src/platform/secrets';
import { AwsKms } from '../../src/ai-studio/encryption/aws-kms';
import { GoogleKms } from '../../src/ai-studio/encryption/google-kms';
import { KekUnavailableError, type KekProvider } from '../../src/ai-studio/encryption/kek-provider';
import {
  awsCredentials,
  fakeAwsKms,
  fakeGoogleKms,
  FakeKeys,
  FakeKeyService,
  fakeVault,
  type Reply,
  type Trouble,
} from '../support/key-services';
import { VaultTransit } from '../../src/ai-studio/encryption/vault-transit';

const fast = { timeoutMs: 300, backoffMs: 1 };
const binding = { teamId: randomUUID(), dekId: randomUUID() };
const secret = (text: string) => () => new SecretString(text);

const arn = (name: string) => `arn:aws:kms:eu-central-1:111122223333:key/${name}`;
const resource = (name: string) => `projects/p-1/locations/eu/keyRings/ring/cryptoKeys/${name}`;

/** One key service, and how this product speaks to it. */
interface Setup {
  keys: FakeKeys;
  server: FakeKeyService;
  provider: KekProvider;
  /** Another, with other credentials: wrong ones. */
  stranger: KekProvider;
  /** The first key's id, and a stored key's name in `keys`. */
  kekId: string;
  stored: string;
  /** A key that exists there but that the provider is not configured with. */
  foreignId: string;
  /** How its service says "later" in its own way. */
  throttled: Reply;
  variable: string;
}

const setups: [string, () => Promise<Setup>][] = [
  [
    'aws-kms',
    async () => {
      const keys = new FakeKeys();
      ['one', 'old', 'foreign'].forEach((name) => keys.make(arn(name)));
      const server = await fakeAwsKms(keys).start();
      const make = (secretAccessKey: string) =>
        new AwsKms(
          {
            keys: [arn('one'), arn('old')],
            endpoint: server.url,
            accessKeyId: secret(awsCredentials.id),
            secretAccessKey: secret(secretAccessKey),
            sessionToken: secret(awsCredentials.session),
          },
          fast,
        );
      return {
        keys,
        server,
        provider: make(awsCredentials.secret),
        stranger: make('canary-of-another'),
        kekId: arn('one'),
        stored: arn('one'),
        foreignId: arn('foreign'),
        throttled: { status: 400, body: { __type: 'ThrottlingException' } },
        variable: 'AWS_KMS_KEYS',
      };
    },
  ],
  [
    'google-kms',
    async () => {
      const keys = new FakeKeys();
      ['one', 'old', 'foreign'].forEach((name) => keys.make(`${resource(name)}@1`));
      const tokens = new Set(['Bearer google-canary-token']);
      const server = await fakeGoogleKms(keys, tokens).start();
      const machine = async (token: string) => {
        const metadata = await new FakeKeyService(({ path, headers }) =>
          path === '/computeMetadata/v1/instance/service-accounts/default/token' &&
          headers['metadata-flavor'] === 'Google'
            ? { status: 200, body: { access_token: token, expires_in: 3_600, token_type: 'Bearer' } }
            : { status: 403, body: {} },
        ).start();
        opened.push(metadata);
        return new GoogleKms(
          {
            keys: [resource('one'), resource('old')],
            endpoint: server.url,
            credentials: () => undefined,
            metadataHost: metadata.url.slice('http://'.length),
          },
          fast,
        );
      };
      return {
        keys,
        server,
        provider: await machine('google-canary-token'),
        stranger: await machine('canary-of-another'),
        kekId: resource('one'),
        stored: `${resource('one')}@1`,
        foreignId: resource('foreign'),
        throttled: { status: 429, body: { error: { code: 429, status: 'RESOURCE_EXHAUSTED' } } },
        variable: 'GOOGLE_KMS_KEYS',
      };
    },
  ],
  [
    'vault',
    async () => {
      const keys = new FakeKeys();
      ['one', 'old', 'foreign'].forEach((name) => keys.make(`${name}@1`));
      const server = await fakeVault(keys, () => 'vault-canary-token').start();
      const make = (token: string) =>
        new VaultTransit(
          {
            keys: ['one', 'old'],
            address: server.url,
            mount: 'transit',
            namespace: 'team/a',
            token: secret(token),
          },
          fast,
        );
      return {
        keys,
        server,
        provider: make('vault-canary-token'),
        stranger: make('canary-of-another'),
        kekId: 'transit/keys/one',
        stored: 'one@1',
        foreignId: 'transit/keys/foreign',
        throttled: {
          status: 429,
          body: { errors: ['request path "transit/decrypt/one": rate limit quota exceeded'] },
        },
        variable: 'VAULT_TRANSIT_KEYS',
      };
    },
  ],
];

const opened: FakeKeyService[] = [];

/** What a failure says, checked for everything that it must not. */
async function failureOf(work: Promise<unknown>): Promise<KekUnavailableError> {
  const error = await work.then(
    () => new Error('it worked'),
    (failure: unknown) => failure,
  );
  if (!(error instanceof KekUnavailableError)) throw error;
  expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/canary/);
  return error;
}

afterAll(() => Promise.all(opened.map((server) => server.close())));

describe.each(setups)('%s', (_kind, start) => {
  let setup: Setup;
  const dek = randomBytes(32);

  beforeAll(async () => {
    setup = await start();
    opened.push(setup.server);
  });

  beforeEach(() => {
    setup.server.troubles = [];
    setup.server.calls.length = 0;
  });

  afterAll(() => Promise.all([setup.provider.close(), setup.stranger.close()]));

  const unwrap = (wrapped: Buffer, kekId = setup.kekId, kekVersion = '1', where = binding) =>
    setup.provider.unwrap(wrapped, kekId, kekVersion, where);

  it('refuses to wrap anything but 32 bytes, without a call', async () => {
    await expect(setup.provider.wrap(randomBytes(16), binding)).rejects.toThrow(RangeError);
    expect(setup.server.calls).toEqual([]);
  });

  it('asks for no key that is not configured, whatever a row says, and names the variable', async () => {
    const { wrapped } = await setup.provider.wrap(dek, binding);
    setup.server.calls.length = 0;
    const error = await failureOf(unwrap(wrapped, setup.foreignId));
    expect(error).toMatchObject({ reason: 'unknown-kek', kekId: setup.foreignId });
    expect(error.message).toContain(setup.variable);
    expect(setup.server.calls).toEqual([]);
  });

  it('opens for no other team, data key or key, and nothing that was altered', async () => {
    const { wrapped } = await setup.provider.wrap(dek, binding);
    const other = randomUUID();
    const altered = Buffer.from(wrapped);
    altered.writeUInt8(altered.readUInt8(altered.length - 3) ^ 2, altered.length - 3);
    for (const open of [
      () => unwrap(wrapped, setup.kekId, '1', { ...binding, teamId: other }),
      () => unwrap(wrapped, setup.kekId, '1', { ...binding, dekId: other }),
      () => unwrap(wrapped, setup.provider.kekIds[1]),
      () => unwrap(altered),
      () => unwrap(Buffer.concat([Buffer.of(9), wrapped.subarray(1)])),
    ])
      expect((await failureOf(open())).reason).toBe('unreadable');
  });

  it('says so where it is refused, does not try again, and shows no credential', async () => {
    const error = await failureOf(setup.stranger.wrap(dek, binding));
    expect(error.reason).toBe('refused');
    expect(error.message).toMatch(/check its credentials/);
    expect(setup.server.calls.length).toBeLessThanOrEqual(2); // Google: once more with a fresh token
  });

  it('says so where the key is gone', async () => {
    const gone = await start();
    opened.push(gone.server);
    const { wrapped } = await gone.provider.wrap(dek, binding);
    gone.keys.remove(gone.stored);
    const error = await failureOf(gone.provider.unwrap(wrapped, gone.kekId, '1', binding));
    expect(error.reason).toBe('unknown-kek');
    await Promise.all([gone.provider.close(), gone.stranger.close()]);
  });

  it.each<[string, Trouble | 'own']>([
    ['throttled in its own way', 'own'],
    ['throttled', { status: 429, body: {} }],
    ['faulty', { status: 500, body: { message: 'canary of the service' } }],
    ['away', { status: 503, body: {} }],
    ['cut before the answer', 'cut'],
    ['cut in the answer', 'cut-body'],
    ['silent', 'silent'],
    ['talking nonsense', 'nonsense'],
    ['redirecting', 'redirect'],
    ['endless', 'huge'],
  ])('tries again where the service is %s, and gives up after the fourth time', async (_name, kind) => {
    const trouble = kind === 'own' ? setup.throttled : kind;
    const { wrapped } = await setup.provider.wrap(dek, binding);
    setup.server.calls.length = 0;
    setup.server.troubles = [trouble, trouble];
    expect(await unwrap(wrapped)).toEqual(dek);
    expect(setup.server.calls).toHaveLength(3);
    setup.server.calls.length = 0;
    setup.server.troubles = [trouble, trouble, trouble, trouble];
    const error = await failureOf(unwrap(wrapped));
    expect(error.reason).toBe('unreachable');
    expect(error.message).toMatch(/try again \(.+, 4 times\)/);
    expect(setup.server.calls).toHaveLength(4);
  });

  it.each([{}, { data: {} }, { Plaintext: 7, plaintext: 7, data: { plaintext: 7 } }, { data: 'canary' }])(
    'takes no nonsense for a data key: %j',
    async (body) => {
      const { wrapped } = await setup.provider.wrap(dek, binding);
      setup.server.troubles = [{ status: 200, body }];
      expect((await failureOf(unwrap(wrapped))).reason).toBe('unreachable');
      setup.server.troubles = [{ status: 200, body }];
      expect((await failureOf(setup.provider.wrap(dek, binding))).reason).toBe('unreachable');
    },
  );

  it('takes no data key of another length', async () => {
    const { wrapped } = await setup.provider.wrap(dek, binding);
    const plaintext = randomBytes(16).toString('base64');
    const body = { KeyId: setup.kekId, Plaintext: plaintext, plaintext, data: { plaintext } };
    setup.server.troubles = [{ status: 200, body }];
    expect((await failureOf(unwrap(wrapped))).reason).toBe('unreadable');
  });

  it('gives any data key back, leaves the given buffer alone, and never wraps twice to the same bytes', async () => {
    const before = Buffer.from(dek);
    const wraps = await Promise.all(Array.from({ length: 5 }, () => setup.provider.wrap(dek, binding)));
    expect(dek).toEqual(before);
    expect(new Set(wraps.map(({ wrapped }) => wrapped.toString('hex'))).size).toBe(5);
    for (const { wrapped, kekId, kekVersion } of wraps) {
      expect({ kekId, kekVersion }).toEqual({ kekId: setup.kekId, kekVersion: '1' });
      expect(await unwrap(wrapped, kekId, kekVersion)).toEqual(dek);
    }
  });

  it('passes its probe, and prints no credential', async () => {
    await setup.provider.probe();
    expect(await setup.provider.currentVersion()).toEqual({ kekId: setup.kekId, kekVersion: '1' });
    expect(inspect(setup.provider, { depth: 9, showHidden: true })).not.toMatch(
      /aws-canary|vault-canary|google-canary/,
    );
  });
});

describe('aws-kms', () => {
  it('sends the documented request, with the team in the encryption context', async () => {
    const [, start] = setups[0] ?? [];
    const setup = await start?.();
    if (!setup) throw new Error('no setup');
    opened.push(setup.server);
    await setup.provider.wrap(randomBytes(32), binding);
    const [call] = setup.server.calls;
    expect(call).toMatchObject({
      method: 'POST',
      path: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'TrentService.Encrypt',
        authorization: expect.stringContaining('/eu-central-1/kms/aws4_request'),
      },
    });
    expect(JSON.parse(call?.text ?? '')).toEqual({
      KeyId: arn('one'),
      Plaintext: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/),
      EncryptionContext: {
        'ai-studio:purpose': 'ai-studio/kek-wrap',
        'ai-studio:version': '1',
        'ai-studio:team': binding.teamId,
        'ai-studio:data-key': binding.dekId,
      },
    });
    await Promise.all([setup.provider.close(), setup.stranger.close()]);
  });
});

describe('google-kms with the key of a service account', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const account = {
    client_email: 'kms@p-1.iam.gserviceaccount.com',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    private_key_id: 'key-1',
    token_uri: 'http://127.0.0.1:1/elsewhere',
  };
  let exchanged = 0;
  let tokens: Set<string>;
  let kms: FakeKeyService;
  let exchange: FakeKeyService;

  const settings = (credentials: string): GoogleKmsSettings => ({
    keys: [resource('one')],
    endpoint: kms.url,
    credentials: secret(credentials),
    metadataHost: '127.0.0.1:1',
  });

  beforeAll(async () => {
    const keys = new FakeKeys();
    keys.make(`${resource('one')}@1`);
    tokens = new Set();
    kms = await fakeGoogleKms(keys, tokens).start();
    exchange = await new FakeKeyService(({ path, text }) => {
      const form = new URLSearchParams(text);
      const [header = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.');
      const signed = verify(
        'sha256',
        Buffer.from(`${header}.${claims}`),
        publicKey,
        Buffer.from(signature, 'base64url'),
      );
      const said = JSON.parse(Buffer.from(claims, 'base64url').toString());
      const right =
        path === '/token' &&
        signed &&
        form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:jwt-bearer' &&
        said.iss === account.client_email &&
        said.aud === 'https://oauth2.googleapis.com/token' &&
        said.scope === 'https://www.googleapis.com/auth/cloudkms' &&
        said.exp - said.iat === 3_600;
      if (!right) return { status: 400, body: { error: 'invalid_grant' } };
      tokens.clear();
      tokens.add(`Bearer token-${++exchanged}`);
      return { status: 200, body: { access_token: `token-${exchanged}`, expires_in: 3_600 } };
    }).start();
    opened.push(kms, exchange);
  });

  it.each([
    ['no JSON', 'canary'],
    ['no key', JSON.stringify({ client_email: 'canary' })],
    ['a broken key', JSON.stringify({ ...account, private_key: 'canary' })],
  ])('refuses credentials that are %s, and shows nothing of them', async (_name, text) => {
    const provider = new GoogleKms(settings(text), fast, exchange.url);
    const error = await failureOf(provider.wrap(randomBytes(32), binding));
    expect(error.message).toContain('GOOGLE_KMS_CREDENTIALS');
    await provider.close();
  });

  it('exchanges a signed assertion at Google, keeps the token, and asks for another where it is refused', async () => {
    const provider = new GoogleKms(settings(JSON.stringify(account)), fast, exchange.url);
    await Promise.all([provider.probe(), provider.probe()]);
    expect(exchanged).toBe(1);
    tokens.clear();
    await provider.probe();
    expect(exchanged).toBe(2);
    await provider.close();
  });
});

describe('vault', () => {
  const start = async (options: Parameters<typeof fakeVault>[2], token = () => 'token') => {
    const keys = new FakeKeys();
    keys.make('one@1');
    keys.make('one@2');
    const server = await fakeVault(keys, token, options).start();
    opened.push(server);
    const settings = { keys: ['one'], address: server.url, mount: 'transit', namespace: 'team/a' };
    return { keys, server, settings };
  };

  it('fails its probe at a release that drops the associated data', async () => {
    const { settings } = await start({ ignoresAssociatedData: true });
    const provider = new VaultTransit({ ...settings, token: secret('token') }, fast);
    const error = await failureOf(provider.probe());
    expect(error.message).toContain('does not keep a data key to its team');
    await provider.close();
  });

  it('sends token and namespace, and names the version that wrapped', async () => {
    const versions = new Map([['one', 1]]);
    const { server, settings, keys } = await start({ versions });
    const provider = new VaultTransit({ ...settings, token: secret('token') }, fast);
    const dek = randomBytes(32);
    const first = await provider.wrap(dek, binding);
    versions.set('one', 2);
    expect(await provider.currentVersion()).toEqual({ kekId: 'transit/keys/one', kekVersion: '2' });
    expect(await provider.unwrap(first.wrapped, first.kekId, first.kekVersion, binding)).toEqual(dek);
    expect(server.calls[0]).toMatchObject({
      path: '/v1/transit/encrypt/one',
      headers: { 'x-vault-token': 'token', 'x-vault-namespace': 'team/a', 'x-vault-request': 'true' },
    });
    keys.remove('one@1');
    const error = await failureOf(provider.unwrap(first.wrapped, first.kekId, first.kekVersion, binding));
    expect(error.reason).toBe('unknown-kek');
    await provider.close();
  });

  it('reads its token anew for each call, so that an agent may replace it', async () => {
    let current = 'first';
    const { settings } = await start({}, () => current);
    const provider = new VaultTransit({ ...settings, token: () => new SecretString(current) }, fast);
    await provider.probe();
    current = 'second';
    await provider.probe();
    await provider.close();
  });
});
