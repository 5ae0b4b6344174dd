import { createPrivateKey, sign, type KeyObject } from 'node:crypto';
import type { GoogleKmsSettings } from '../../platform/env';
import { unavailable, type CallSubject, type KeyService, type KeyServiceRequest } from './key-service';

export const googleTokenAddress = 'https://oauth2.googleapis.com';

const scope = 'https://www.googleapis.com/auth/cloudkms';
const metadataPath = '/computeMetadata/v1/instance/service-accounts/default/token';
/** Renewed so long before its end, in milliseconds. */
const marginMs = 60_000;

interface ServiceAccount {
  email: string;
  key: KeyObject;
  keyId: string | undefined;
}

/**
 * Bearer tokens for Google Cloud: for a service account's key by a signed assertion (RFC 7523), else from the metadata
 * server. Kept until a minute before they end.
 */
export class GoogleTokens {
  #token: { text: string; until: number } | undefined; // not `private`: an inspector would show it
  private asking: Promise<string> | undefined;

  /** @param tokenAddress where assertions are exchanged; never taken from the credentials, which could name any host */
  constructor(
    private readonly settings: GoogleKmsSettings,
    private readonly service: KeyService,
    private readonly tokenAddress = googleTokenAddress,
  ) {}

  /** @throws KekUnavailableError `refused` or `unreachable` */
  async get(subject: CallSubject): Promise<string> {
    if (this.#token && this.#token.until > Date.now()) return this.#token.text;
    this.asking ??= this.ask(subject).finally(() => (this.asking = undefined));
    return this.asking;
  }

  /** After it was refused: the next call asks for another. */
  forget(): void {
    this.#token = undefined;
  }

  private async ask(subject: CallSubject): Promise<string> {
    const credentials = this.settings.credentials();
    const account = credentials && parseAccount(credentials.reveal());
    if (credentials && !account)
      throw unavailable(
        'refused',
        subject,
        "GOOGLE_KMS_CREDENTIALS is not the JSON of a service account's key",
      );
    const { status, body } = await this.service.call(subject, () =>
      account ? this.exchange(account) : this.askMachine(),
    );
    if (status !== 200) throw unavailable('refused', subject, `no token: status ${status}`);
    const { access_token: text, expires_in: seconds } = body;
    if (typeof text !== 'string' || !/^[\x21-\x7e]+$/.test(text) || typeof seconds !== 'number')
      throw unavailable('unreachable', subject, 'no token: nonsense');
    this.#token = { text, until: Date.now() + seconds * 1_000 - marginMs };
    return text;
  }

  private exchange(account: ServiceAccount): KeyServiceRequest {
    const assertion = signAssertion(account, `${googleTokenAddress}/token`);
    return {
      method: 'POST',
      url: `${this.tokenAddress}/token`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion,
      }).toString(),
    };
  }

  private askMachine(): KeyServiceRequest {
    const url = `http://${this.settings.metadataHost}${metadataPath}`;
    return { method: 'GET', url, headers: { 'metadata-flavor': 'Google' } };
  }
}

function signAssertion({ email, key, keyId }: ServiceAccount, audience: string): string {
  const now = Math.floor(Date.now() / 1_000);
  const header = { alg: 'RS256', typ: 'JWT', ...(keyId ? { kid: keyId } : {}) };
  const claims = { iss: email, scope, aud: audience, iat: now, exp: now + 3_600 };
  const text = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
}

function parseAccount(text: string): ServiceAccount | undefined {
  try {
    const {
      client_email: email,
      private_key: pem,
      private_key_id: keyId,
    }: Record<string, unknown> = JSON.parse(text);
    if (typeof email !== 'string' || typeof pem !== 'string') return undefined;
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType !== 'rsa') return undefined;
    return { email, key, keyId: typeof keyId === 'string' ? keyId : undefined };
  } catch {
    return undefined; // the parser's own text may hold a piece of the key
  }
}
