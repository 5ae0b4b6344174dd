import type { GoogleKmsSettings } from '../../platform/env';
import { GoogleTokens, googleTokenAddress } from './google-token';
import { bindingBytes, dataKeyLength } from './kek-binding';
import { probeKek, seeCurrentVersion } from './kek-probe';
import type { KekBinding, KekProvider, KekVersion, WrappedKey } from './kek-provider';
import {
  KeyService,
  readBase64,
  toCode,
  unavailable,
  type CallSubject,
  type KeyServiceAnswer,
  type KeyServiceOptions,
} from './key-service';

/** Wrapped form 1: version(1), then Google's ciphertext. */
const wrapVersion = 1;

/** Google Cloud KMS: encrypt and decrypt with additional authenticated data. */
export class GoogleKms implements KekProvider {
  readonly kind = 'google-kms';
  readonly kekIds: readonly string[];
  private readonly service: KeyService;
  private readonly tokens: GoogleTokens;

  /** @param tokenAddress where assertions are exchanged for tokens, unless a test sets it Google's own */
  constructor(
    private readonly settings: GoogleKmsSettings,
    options: Omit<KeyServiceOptions, 'addresses'> = {},
    tokenAddress = googleTokenAddress,
  ) {
    this.kekIds = settings.keys;
    const addresses = [settings.endpoint, tokenAddress, `http://${settings.metadataHost}`];
    this.service = new KeyService({ ...options, addresses });
    this.tokens = new GoogleTokens(settings, this.service, tokenAddress);
  }

  async wrap(dek: Buffer, binding: KekBinding): Promise<WrappedKey> {
    if (dek.length !== dataKeyLength) throw new RangeError(`A data key has ${dataKeyLength} bytes.`);
    const kekId = this.kekIds[0] ?? '';
    const subject = { kekId, kekVersion: 'primary' };
    const { body } = await this.call('encrypt', subject, {
      plaintext: dek.toString('base64'),
      additionalAuthenticatedData: bindingBytes(kekId, binding).toString('base64'),
    });
    const ciphertext = readBase64(body.ciphertext);
    const kekVersion = versionOf(body.name, kekId);
    if (!ciphertext || !kekVersion) throw unavailable('unreachable', subject, 'nonsense');
    return { wrapped: Buffer.concat([Buffer.of(wrapVersion), ciphertext]), kekId, kekVersion };
  }

  /** The ciphertext itself says which version made it; `kekVersion` only tells people. */
  async unwrap(wrapped: Buffer, kekId: string, kekVersion: string, binding: KekBinding): Promise<Buffer> {
    const subject = { kekId, kekVersion };
    if (!this.kekIds.includes(kekId))
      throw unavailable('unknown-kek', subject, 'GOOGLE_KMS_KEYS does not name it');
    if (wrapped[0] !== wrapVersion) throw unavailable('unreadable', subject, 'not a form of Google KMS');
    const { body } = await this.call('decrypt', subject, {
      ciphertext: wrapped.subarray(1).toString('base64'),
      additionalAuthenticatedData: bindingBytes(kekId, binding).toString('base64'),
    });
    const dek = readBase64(body.plaintext);
    if (!dek) throw unavailable('unreachable', subject, 'nonsense');
    if (dek.length !== dataKeyLength) throw unavailable('unreadable', subject, 'not a data key');
    return dek;
  }

  currentVersion(): Promise<KekVersion> {
    return seeCurrentVersion(this);
  }

  probe(): Promise<void> {
    return probeKek(this);
  }

  close(): Promise<void> {
    return this.service.close();
  }

  private async call(
    action: 'encrypt' | 'decrypt',
    subject: CallSubject,
    payload: object,
  ): Promise<KeyServiceAnswer> {
    let answer = await this.attempt(action, subject, payload);
    if (answer.status === 401) {
      this.tokens.forget();
      answer = await this.attempt(action, subject, payload);
    }
    if (answer.status === 200) return answer;
    const code = codeOf(answer);
    if (answer.status === 404 || code === 'FAILED_PRECONDITION')
      throw unavailable('unknown-kek', subject, code);
    if (action === 'decrypt' && code === 'INVALID_ARGUMENT') throw unavailable('unreadable', subject, code);
    throw unavailable('refused', subject, `status ${answer.status}, ${code}`);
  }

  private async attempt(action: string, subject: CallSubject, payload: object): Promise<KeyServiceAnswer> {
    const token = await this.tokens.get(subject);
    return this.service.call(subject, () => ({
      method: 'POST',
      url: `${this.settings.endpoint}/v1/${subject.kekId}:${action}`,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(payload),
    }));
  }
}

/** `<key>/cryptoKeyVersions/<number>` */
function versionOf(name: unknown, kekId: string): string | undefined {
  const prefix = `${kekId}/cryptoKeyVersions/`;
  if (typeof name !== 'string' || !name.startsWith(prefix)) return undefined;
  return /^\d{1,10}$/.exec(name.slice(prefix.length))?.[0];
}

function codeOf({ body: { error } }: KeyServiceAnswer): string {
  return toCode(typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined);
}
