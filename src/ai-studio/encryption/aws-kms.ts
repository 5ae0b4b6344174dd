import type { AwsKmsSettings } from '../../platform/env';
import { signAwsRequest, type AwsCredentials } from './aws-signature';
import { bindingContext, dataKeyLength } from './kek-binding';
import { probeKek } from './kek-probe';
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

/** Wrapped form 1: version(1), then what KMS calls the ciphertext blob. */
const wrapVersion = 1;
/** KMS keeps every version of a key and finds the right one by itself: there is nothing to rewrap after its rotation. */
const kekVersion = '1';

const unknown = new Set(['NotFoundException', 'DisabledException', 'KMSInvalidStateException']);
const unreadable = new Set(['InvalidCiphertextException', 'IncorrectKeyException']);
const later = new Set(['ThrottlingException', 'LimitExceededException', 'KeyUnavailableException']);

/** AWS KMS: Encrypt and Decrypt with an encryption context. Credentials come from the environment or from files. */
export class AwsKms implements KekProvider {
  readonly kind = 'aws-kms';
  readonly kekIds: readonly string[];
  private readonly service: KeyService;

  /** @param now for signatures; the clock of the machine unless a test sets it */
  constructor(
    private readonly settings: AwsKmsSettings,
    options: Omit<KeyServiceOptions, 'addresses'> = {},
    private readonly now = () => new Date(),
  ) {
    this.kekIds = settings.keys;
    this.service = new KeyService({
      ...options,
      addresses: settings.keys.map((arn) => this.addressOf(arn)),
    });
  }

  async wrap(dek: Buffer, binding: KekBinding): Promise<WrappedKey> {
    if (dek.length !== dataKeyLength) throw new RangeError(`A data key has ${dataKeyLength} bytes.`);
    const subject = await this.currentVersion();
    const { body } = await this.call('Encrypt', subject, {
      KeyId: subject.kekId,
      Plaintext: dek.toString('base64'),
      EncryptionContext: bindingContext(binding),
    });
    const blob = readBase64(body.CiphertextBlob);
    if (!blob || body.KeyId !== subject.kekId) throw unavailable('unreachable', subject, 'nonsense');
    return { wrapped: Buffer.concat([Buffer.of(wrapVersion), blob]), ...subject };
  }

  async unwrap(wrapped: Buffer, kekId: string, version: string, binding: KekBinding): Promise<Buffer> {
    const subject = { kekId, kekVersion: version };
    if (!this.kekIds.includes(kekId) || version !== kekVersion)
      throw unavailable('unknown-kek', subject, 'AWS_KMS_KEYS does not name it');
    if (wrapped[0] !== wrapVersion) throw unavailable('unreadable', subject, 'not a form of AWS KMS');
    const { body } = await this.call('Decrypt', subject, {
      KeyId: kekId,
      CiphertextBlob: wrapped.subarray(1).toString('base64'),
      EncryptionContext: bindingContext(binding),
    });
    const dek = readBase64(body.Plaintext);
    if (!dek || body.KeyId !== kekId) throw unavailable('unreachable', subject, 'nonsense');
    if (dek.length !== dataKeyLength) throw unavailable('unreadable', subject, 'not a data key');
    return dek;
  }

  async currentVersion(): Promise<KekVersion> {
    return { kekId: this.kekIds[0] ?? '', kekVersion };
  }

  probe(): Promise<void> {
    return probeKek(this);
  }

  close(): Promise<void> {
    return this.service.close();
  }

  private async call(action: string, subject: CallSubject, payload: object): Promise<KeyServiceAnswer> {
    const address = this.addressOf(subject.kekId);
    const body = JSON.stringify(payload);
    const answer = await this.service.call(
      subject,
      () => {
        const headers = signAwsRequest(
          {
            method: 'POST',
            host: new URL(address).host,
            headers: {
              'content-type': 'application/x-amz-json-1.1',
              'x-amz-target': `TrentService.${action}`,
            },
            body,
          },
          this.credentials(subject),
          { region: regionOf(subject.kekId), service: 'kms', now: this.now() },
        );
        return { method: 'POST', url: `${address}/`, headers, body };
      },
      (refusal) => refusal.status !== 200 && later.has(codeOf(refusal)),
    );
    if (answer.status === 200) return answer;
    const code = codeOf(answer);
    if (unknown.has(code)) throw unavailable('unknown-kek', subject, code);
    if (unreadable.has(code)) throw unavailable('unreadable', subject, code);
    throw unavailable('refused', subject, `status ${answer.status}, ${code}`);
  }

  private credentials(subject: CallSubject): AwsCredentials {
    const accessKeyId = this.settings.accessKeyId()?.reveal();
    const secretAccessKey = this.settings.secretAccessKey()?.reveal();
    if (!accessKeyId || !secretAccessKey)
      throw unavailable('refused', subject, 'AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY cannot be read');
    return { accessKeyId, secretAccessKey, sessionToken: this.settings.sessionToken()?.reveal() };
  }

  private addressOf(arn: string): string {
    const domain = arn.startsWith('arn:aws-cn:') ? 'amazonaws.com.cn' : 'amazonaws.com';
    return this.settings.endpoint ?? `https://kms.${regionOf(arn)}.${domain}`;
  }
}

function regionOf(arn: string): string {
  return arn.split(':')[3] ?? '';
}

const errorName = '__type';

/** The name of an error stands after its package and a `#` at times. */
function codeOf({ body }: KeyServiceAnswer): string {
  const name = body[errorName];
  return toCode(typeof name === 'string' ? name.replace(/^.*#/, '') : undefined);
}
