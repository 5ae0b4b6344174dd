import type { VaultSettings } from '../../platform/env';
import { bindingBytes, dataKeyLength } from './kek-binding';
import { probeKek, seeCurrentVersion } from './kek-probe';
import type { KekBinding, KekProvider, KekVersion, WrappedKey } from './kek-provider';
import {
  KeyService,
  readBase64,
  unavailable,
  type CallSubject,
  type KeyServiceAnswer,
  type KeyServiceOptions,
} from './key-service';

/** Wrapped form 1: version(1), then Vault's own text, `vault:v<key version>:<base64>`. */
const wrapVersion = 1;
const ciphertextPattern = /^vault:v(\d{1,9}):[A-Za-z0-9+/]+={0,2}$/;

/** The transit engine of HashiCorp Vault or OpenBao: encrypt and decrypt with associated data. */
export class VaultTransit implements KekProvider {
  readonly kind = 'vault';
  readonly kekIds: readonly string[];
  private readonly service: KeyService;

  constructor(
    private readonly settings: VaultSettings,
    options: Omit<KeyServiceOptions, 'addresses'> = {},
  ) {
    this.kekIds = settings.keys.map((name) => this.idOf(name));
    this.service = new KeyService({ ...options, addresses: [settings.address] });
  }

  async wrap(dek: Buffer, binding: KekBinding): Promise<WrappedKey> {
    if (dek.length !== dataKeyLength) throw new RangeError(`A data key has ${dataKeyLength} bytes.`);
    const kekId = this.kekIds[0] ?? '';
    const subject = { kekId, kekVersion: 'latest' };
    const data = await this.call('encrypt', subject, {
      plaintext: dek.toString('base64'),
      associated_data: bindingBytes(kekId, binding).toString('base64'),
    });
    const text = typeof data.ciphertext === 'string' ? data.ciphertext : '';
    const kekVersion = ciphertextPattern.exec(text)?.[1];
    if (!kekVersion) throw unavailable('unreachable', subject, 'nonsense');
    return { wrapped: Buffer.concat([Buffer.of(wrapVersion), Buffer.from(text)]), kekId, kekVersion };
  }

  async unwrap(wrapped: Buffer, kekId: string, kekVersion: string, binding: KekBinding): Promise<Buffer> {
    const subject = { kekId, kekVersion };
    if (!this.kekIds.includes(kekId))
      throw unavailable('unknown-kek', subject, 'VAULT_TRANSIT_KEYS does not name it');
    const ciphertext = wrapped.subarray(1).toString('latin1');
    if (wrapped[0] !== wrapVersion || ciphertextPattern.exec(ciphertext)?.[1] !== kekVersion)
      throw unavailable('unreadable', subject, 'not a form of transit');
    const data = await this.call('decrypt', subject, {
      ciphertext,
      associated_data: bindingBytes(kekId, binding).toString('base64'),
    });
    const dek = readBase64(data.plaintext);
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
  ): Promise<Record<string, unknown>> {
    const { address, mount, namespace } = this.settings;
    const name = subject.kekId.slice(this.idOf('').length);
    const answer = await this.service.call(subject, () => ({
      method: 'POST',
      url: `${address}/v1/${mount}/${action}/${name}`,
      headers: {
        'content-type': 'application/json',
        'x-vault-request': 'true',
        'x-vault-token': this.token(subject),
        ...(namespace ? { 'x-vault-namespace': namespace } : {}),
      },
      body: JSON.stringify(payload),
    }));
    const { data } = answer.body;
    if (answer.status !== 200) throw toError(action, subject, answer);
    if (typeof data !== 'object' || data === null) throw unavailable('unreachable', subject, 'nonsense');
    return data as Record<string, unknown>; // an object of JSON; what stands in it is checked where it is read
  }

  private token(subject: CallSubject): string {
    const token = this.settings.token()?.reveal();
    if (!token) throw unavailable('refused', subject, 'VAULT_TOKEN cannot be read');
    return token;
  }

  /** The mount is part of it: two engines may have keys of one name. */
  private idOf(name: string): string {
    return `${this.settings.mount}/keys/${name}`;
  }
}

/** Vault has no codes, only sentences; those of transit about keys and versions have stayed the same for years. */
function toError(action: string, subject: CallSubject, { status, body }: KeyServiceAnswer): Error {
  const said = Array.isArray(body.errors)
    ? body.errors.filter((text) => typeof text === 'string').join()
    : '';
  if (/encryption key not found|disallowed by policy|no such key|too old/i.test(said) || status === 404)
    return unavailable(
      'unknown-kek',
      subject,
      `status ${status}: no such key, or a version that was retired`,
    );
  if (action === 'decrypt' && status === 400) return unavailable('unreadable', subject, `status ${status}`);
  return unavailable('refused', subject, `status ${status}`);
}
