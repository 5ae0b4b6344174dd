import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EnvError, loadEnv } from './env';
import { generateAuthSecret, generateKeyRing } from './generated-keys';
import { loadKeyToolEnv, loadToolEnv } from './tool-env';

const arn = 'arn:aws:kms:eu-central-1:111122223333:key/0d1f3c5e-0000-4000-8000-00000000000a';
const resource = 'projects/p-1/locations/eu/keyRings/ring/cryptoKeys/one';
const ring = generateKeyRing();
const keyText = ring.replace(/^.*:/, '');
const key = Buffer.from(keyText, 'base64');
const authSecret = generateAuthSecret();
const safe = { NODE_ENV: 'production', AI_STUDIO_KEK: ring, AUTH_SECRET: authSecret };
const aws = { AWS_KMS_KEYS: arn, AWS_ACCESS_KEY_ID: 'AKIDTEST', AWS_SECRET_ACCESS_KEY: 'canary-aws' };

describe('keys of the environment', () => {
  let dataDir: string;

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'ai-studio-env-'));
  });

  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  const load = (variables: Record<string, string>) => loadEnv({ DATA_DIR: dataDir, ...variables });

  /** The refusal's text, checked for what it must not show; nothing may have been generated. */
  const refusalOf = (variables: Record<string, string>): string => {
    try {
      load(variables);
    } catch (error) {
      if (!(error instanceof EnvError)) throw error;
      expect(error.message).not.toMatch(/canary/);
      for (const value of [keyText, authSecret]) expect(error.message).not.toContain(value);
      expect(readdirSync(dataDir)).toEqual([]);
      return error.message;
    }
    return 'accepted';
  };

  it.each([
    ['the same text', { AI_STUDIO_KEK: ring, AUTH_SECRET: ring }],
    ['the same base64', { AI_STUDIO_KEK: ring, AUTH_SECRET: key.toString('base64') }],
    ['the same base64url', { AI_STUDIO_KEK: ring, AUTH_SECRET: key.toString('base64url') }],
    ['the same bytes in hexadecimal', { AI_STUDIO_KEK: ring, AUTH_SECRET: key.toString('hex') }],
    [
      'one of a longer ring',
      { AI_STUDIO_KEK: `${generateKeyRing()},${ring}`, AUTH_SECRET: key.toString('hex') },
    ],
  ])('are refused in production where key ring and session secret are %s', (_name, variables) => {
    expect(refusalOf({ ...safe, ...variables })).toMatch(/AI_STUDIO_KEK and AUTH_SECRET hold the same key/);
  });

  it.each([
    'a'.repeat(40),
    'change-me-change-me-change-me-change-me',
    `example-${authSecret}`,
    'abcabc'.repeat(8),
  ])('are refused in production where the session secret is made up: %s', (secret) => {
    const refusal = refusalOf({ ...safe, AUTH_SECRET: secret });
    expect(refusal).toMatch(/AUTH_SECRET (is an example|repeats few characters)/);
    expect(refusal).not.toContain(secret);
  });

  it.each([
    ['made up', 'abcabc'.repeat(8), /AUDIT_KEY repeats few characters/],
    ['an example', 'change-me-change-me-change-me-change-me', /AUDIT_KEY is an example/],
    ['the session secret', authSecret, /AUTH_SECRET and AUDIT_KEY hold the same key/],
    ['a key of the ring', key.toString('hex'), /AI_STUDIO_KEK and AUDIT_KEY hold the same key/],
  ])('are refused in production where the key of anchors is %s', (_name, secret, says) => {
    expect(refusalOf({ ...safe, AUDIT_KEY: secret })).toMatch(says);
    expect(() => load({ ...safe, AUDIT_KEY: generateAuthSecret() })).not.toThrow();
  });

  it('are not generated for a command of the terminal, which takes those that a server generated', () => {
    const place = { DATA_DIR: dataDir };
    expect(loadKeyToolEnv(place)).toMatchObject({ auditKey: undefined, kek: { local: undefined } });
    expect(readdirSync(dataDir)).toEqual([]);
    const server = load({});
    const tool = loadKeyToolEnv(place);
    expect(tool.auditKey?.reveal()).toBe(server.auditKey?.reveal());
    expect(tool.kek.local?.reveal()).toBe(server.kek.local?.reveal());
    expect(loadToolEnv({ ...place, NODE_ENV: 'production', PORT: 'canary' }).auditKey).toBeUndefined();
  });

  it('are refused in production where none is given: none is generated there', () => {
    const refusal = refusalOf({ NODE_ENV: 'production' });
    expect(refusal).toMatch(/AI_STUDIO_KEK must be set[^]*AUTH_SECRET must be set/);
  });

  it.each([
    [{ AI_STUDIO_KEK_PROVIDER: 'canary' }, 'AI_STUDIO_KEK_PROVIDER: must be one of local, aws-kms'],
    [{ AI_STUDIO_KEK_PROVIDER: 'aws-kms' }, 'AWS_KMS_KEYS must be set'],
    [{ AI_STUDIO_KEK_PROVIDER: 'google-kms' }, 'GOOGLE_KMS_KEYS must be set'],
    [{ AI_STUDIO_KEK_PROVIDER: 'vault' }, 'VAULT_TRANSIT_KEYS must be set'],
    [{ AWS_KMS_KEYS: arn }, 'AWS_ACCESS_KEY_ID must be set'],
    [{ VAULT_TRANSIT_KEYS: 'one' }, 'VAULT_ADDR must be set'],
    [{ ...aws, AWS_KMS_KEYS: 'alias/canary' }, 'AWS_KMS_KEYS: must be ARNs'],
    [{ ...aws, AWS_KMS_KEYS: arn.replace('key/', 'alias/') }, 'AWS_KMS_KEYS: must be ARNs'],
    [{ ...aws, AWS_KMS_KEYS: `${arn},${arn}` }, 'AWS_KMS_KEYS: must not name a key twice'],
    [{ GOOGLE_KMS_KEYS: `${resource}/cryptoKeyVersions/1` }, 'GOOGLE_KMS_KEYS: must be `projects/'],
    [{ VAULT_TRANSIT_KEYS: '../canary' }, 'VAULT_TRANSIT_KEYS: must be names'],
    [{ VAULT_TRANSIT_MOUNT: '../sys' }, 'VAULT_TRANSIT_MOUNT: '],
    [{ VAULT_ADDR: 'http://vault.example.com:8200' }, 'VAULT_ADDR: must be an https address'],
    [{ VAULT_ADDR: 'https://canary@vault.example.com' }, 'VAULT_ADDR: must be an https address'],
    [{ AWS_KMS_ENDPOINT: 'https://kms.example.com/path' }, 'AWS_KMS_ENDPOINT: must be an https address'],
  ])('are refused where they do not fit together: %j', (variables, problem) => {
    expect(refusalOf({ ...safe, ...variables })).toContain(problem);
  });

  it('need no key ring beside a key service, in production and elsewhere, and generate none', () => {
    const env = load({
      NODE_ENV: 'production',
      AUTH_SECRET: authSecret,
      AI_STUDIO_KEK_PROVIDER: 'aws-kms',
      ...aws,
    });
    expect(env.kek).toMatchObject({ provider: 'aws-kms', local: undefined, awsKms: { keys: [arn] } });
    load({ AI_STUDIO_KEK_PROVIDER: 'aws-kms', ...aws });
    expect(readdirSync(dataDir)).toContain('auth-secret');
    expect(readdirSync(dataDir)).not.toContain('ai-studio-kek');
  });

  it('keep every provider that has keys, so that data keys can move', () => {
    const { kek } = load({
      ...safe,
      ...aws,
      GOOGLE_KMS_KEYS: ` ${resource} , ${resource}-2 `,
      VAULT_TRANSIT_KEYS: 'one',
      VAULT_ADDR: 'https://vault.example.com:8200/',
      VAULT_TOKEN: 'canary',
    });
    expect(kek).toMatchObject({
      provider: 'local',
      googleKms: { keys: [resource, `${resource}-2`], endpoint: 'https://cloudkms.googleapis.com' },
      vault: { keys: ['one'], address: 'https://vault.example.com:8200', mount: 'transit' },
    });
    expect(JSON.stringify(kek)).not.toMatch(/canary/);
  });

  it('are read from files, and credentials anew each time', () => {
    const file = join(dataDir, 'token');
    writeFileSync(file, 'first\n');
    const { kek } = load({
      ...safe,
      VAULT_TRANSIT_KEYS: 'one',
      VAULT_ADDR: 'http://127.0.0.1:8200',
      VAULT_TOKEN_FILE: file,
    });
    expect(kek.vault?.token()?.reveal()).toBe('first');
    writeFileSync(file, 'second\n');
    expect(kek.vault?.token()?.reveal()).toBe('second');
    rmSync(file);
    expect(kek.vault?.token()).toBeUndefined();
  });
});
