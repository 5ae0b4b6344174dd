import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenCall {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
}

export interface Reply {
  status: number;
  body: unknown;
}

/** A trouble of the server: what it does to a call instead of answering it. */
export type Trouble = Reply | 'cut' | 'cut-body' | 'silent' | 'nonsense' | 'redirect' | 'huge';

/** A key service on this machine. Refuses what its real counterpart refuses, and has troubles when it is told to. */
export class FakeKeyService {
  readonly calls: SeenCall[] = [];
  /** Taken one by one, a call each. */
  troubles: Trouble[] = [];
  url = '';
  private readonly server: Server;

  constructor(private readonly answer: (call: SeenCall) => Reply) {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url: path = '', headers } = request;
        const call = { method, path, headers, text: Buffer.concat(chunks).toString() };
        this.calls.push(call);
        const trouble = this.troubles.shift();
        if (trouble === 'silent') return;
        if (trouble === 'cut') return void request.socket.destroy();
        if (trouble === 'cut-body') {
          response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
          response.write('{"Plaintext":');
          return void setTimeout(() => request.socket.destroy(), 20);
        }
        if (trouble === 'redirect')
          return void response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end();
        if (trouble === 'nonsense') return void response.writeHead(200).end('<html>Welcome!</html>');
        if (trouble === 'huge') return void response.writeHead(200).end(`{"a":"${'x'.repeat(200_000)}"}`);
        const { status, body } = trouble ?? this.answer(call);
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((listening) => this.server.listen(0, '127.0.0.1', listening));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return this;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }
}

/** AES-256-GCM with additional data under keys that are made as they are named. */
export class FakeKeys {
  private readonly keys = new Map<string, Buffer>();

  has(name: string): boolean {
    return this.keys.has(name);
  }

  make(name: string): void {
    this.keys.set(name, randomBytes(32));
  }

  remove(name: string): void {
    this.keys.delete(name);
  }

  encrypt(name: string, plain: Buffer, additional: Buffer): Buffer {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.get(name), nonce, { authTagLength: 16 });
    cipher.setAAD(additional);
    return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }

  decrypt(name: string, sealed: Buffer, additional: Buffer): Buffer | undefined {
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.get(name), sealed.subarray(0, 12), {
        authTagLength: 16,
      });
      decipher.setAAD(additional);
      decipher.setAuthTag(sealed.subarray(-16));
      return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
    } catch {
      return undefined;
    }
  }

  private get(name: string): Buffer {
    const key = this.keys.get(name);
    if (!key) throw new Error(`No key ${name}.`);
    return key;
  }
}

export const awsCredentials = { id: 'AKIDTEST', secret: 'aws-canary-secret', session: 'aws-canary-session' };

/** AWS KMS: checks the signature by computing it again from what arrived, in the words of AWS's own description. */
export function fakeAwsKms(keys: FakeKeys): FakeKeyService {
  const refuse = (type: string, status = 400): Reply => ({
    status,
    body: { __type: `com.amazonaws.kms#${type}`, message: 'canary of the service' },
  });
  return new FakeKeyService((call) => {
    if (!isSignedForAws(call)) return refuse('InvalidSignatureException');
    const { KeyId, Plaintext, CiphertextBlob, EncryptionContext } = JSON.parse(call.text);
    if (!keys.has(KeyId)) return refuse('NotFoundException');
    const additional = Buffer.from(JSON.stringify(Object.entries(EncryptionContext).toSorted()));
    if (call.headers['x-amz-target'] === 'TrentService.Encrypt') {
      const blob = keys.encrypt(KeyId, Buffer.from(Plaintext, 'base64'), additional);
      return { status: 200, body: { KeyId, CiphertextBlob: blob.toString('base64') } };
    }
    const plain = keys.decrypt(KeyId, Buffer.from(CiphertextBlob, 'base64'), additional);
    if (!plain) return refuse('InvalidCiphertextException');
    return { status: 200, body: { KeyId, Plaintext: plain.toString('base64') } };
  });
}

function isSignedForAws({ method, path, headers, text }: SeenCall): boolean {
  const [, day, region, names = '', signature] =
    /^AWS4-HMAC-SHA256 Credential=AKIDTEST\/(\d{8})\/([a-z0-9-]+)\/kms\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    ) ?? [];
  const must = ['content-type', 'host', 'x-amz-date', 'x-amz-security-token', 'x-amz-target'];
  if (must.some((name) => !names.split(';').includes(name))) return false;
  if (headers['x-amz-security-token'] !== awsCredentials.session) return false;
  const hash = (of: string) => createHash('sha256').update(of).digest('hex');
  const mac = (key: string | Buffer, of: string) => createHmac('sha256', key).update(of).digest();
  const lines = names.split(';').map((name) => `${name}:${String(headers[name])}`);
  const canonical = `${method}\n${path}\n\n${lines.join('\n')}\n\n${names}\n${hash(text)}`;
  const scope = `${day}/${region}/kms/aws4_request`;
  const toSign = `AWS4-HMAC-SHA256\n${String(headers['x-amz-date'])}\n${scope}\n${hash(canonical)}`;
  const dayKey = mac(`AWS4${awsCredentials.secret}`, day ?? '');
  const key = mac(mac(mac(dayKey, region ?? ''), 'kms'), 'aws4_request');
  return mac(key, toSign).toString('hex') === signature;
}

/** Google Cloud KMS; a token that it takes is in `tokens`. A key's version is what `versions` says, else 1. */
export function fakeGoogleKms(
  keys: FakeKeys,
  tokens: Set<string>,
  versions = new Map<string, number>(),
): FakeKeyService {
  const refuse = (status: number, code: string): Reply => ({
    status,
    body: { error: { code: status, status: code, message: 'canary of the service' } },
  });
  return new FakeKeyService(({ method, path, headers, text }) => {
    if (!tokens.has(headers.authorization ?? '')) return refuse(401, 'UNAUTHENTICATED');
    const [, name = '', action] = /^\/v1\/(projects\/.+):(encrypt|decrypt)$/.exec(path) ?? [];
    if (method !== 'POST' || !keys.has(`${name}@1`)) return refuse(404, 'NOT_FOUND');
    const { plaintext, ciphertext, additionalAuthenticatedData } = JSON.parse(text);
    const additional = Buffer.from(additionalAuthenticatedData, 'base64');
    if (action === 'encrypt') {
      const version = versions.get(name) ?? 1;
      const sealed = keys.encrypt(`${name}@${version}`, Buffer.from(plaintext, 'base64'), additional);
      const body = Buffer.concat([Buffer.of(version), sealed]).toString('base64');
      return { status: 200, body: { name: `${name}/cryptoKeyVersions/${version}`, ciphertext: body } };
    }
    const sealed = Buffer.from(ciphertext, 'base64');
    const version = `${name}@${sealed[0]}`;
    if (!keys.has(version)) return refuse(400, 'FAILED_PRECONDITION');
    const plain = keys.decrypt(version, sealed.subarray(1), additional);
    if (!plain) return refuse(400, 'INVALID_ARGUMENT');
    return { status: 200, body: { plaintext: plain.toString('base64') } };
  });
}

/** Vault's transit engine. With `ignoresAssociatedData` it is a release that does not know the field. */
export function fakeVault(
  keys: FakeKeys,
  token: () => string,
  { versions = new Map<string, number>(), ignoresAssociatedData = false } = {},
): FakeKeyService {
  const refuse = (status: number, error: string): Reply => ({ status, body: { errors: [error] } });
  return new FakeKeyService(({ method, path, headers, text }) => {
    if (headers['x-vault-token'] !== token()) return refuse(403, 'permission denied');
    const [, action, name = ''] = /^\/v1\/transit\/(encrypt|decrypt)\/([\w.-]+)$/.exec(path) ?? [];
    if (method !== 'POST' || !action) return refuse(404, 'no handler for route');
    const { plaintext, ciphertext, associated_data: given } = JSON.parse(text);
    const additional = ignoresAssociatedData ? Buffer.of() : Buffer.from(given, 'base64');
    if (!keys.has(`${name}@${versions.get(name) ?? 1}`)) return refuse(400, 'encryption key not found');
    if (action === 'encrypt') {
      const version = versions.get(name) ?? 1;
      const sealed = keys.encrypt(`${name}@${version}`, Buffer.from(plaintext, 'base64'), additional);
      return {
        status: 200,
        body: { data: { ciphertext: `vault:v${version}:${sealed.toString('base64')}` } },
      };
    }
    const [, version, sealed = ''] = String(ciphertext).split(':');
    const key = `${name}@${version?.slice(1)}`;
    if (!keys.has(key))
      return refuse(400, 'ciphertext or signature version is disallowed by policy (too old)');
    const plain = keys.decrypt(key, Buffer.from(sealed, 'base64'), additional);
    if (!plain) return refuse(400, 'cipher: message authentication failed');
    return { status: 200, body: { data: { plaintext: plain.toString('base64') } } };
  });
}
