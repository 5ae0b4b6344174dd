import {
  KekUnavailableError,
  type KekBinding,
  type KekProvider,
  type KekVersion,
  type WrappedKey,
} from './kek-provider';
import { assertOpens } from './kek-probe';

/**
 * All providers that have keys: the first wraps, each unwraps what it wrapped. So data keys move from one provider to
 * another while both are there.
 */
export class KekRing implements KekProvider {
  readonly kind: KekProvider['kind'];
  readonly kekIds: readonly string[];

  constructor(
    private readonly primary: KekProvider,
    private readonly decryptOnly: readonly KekProvider[] = [],
  ) {
    this.kind = primary.kind;
    this.kekIds = [primary, ...decryptOnly].flatMap(({ kekIds }) => kekIds);
  }

  /** What it gives back was opened once already. */
  async wrap(dek: Buffer, binding: KekBinding): Promise<WrappedKey> {
    const wrapped = await this.primary.wrap(dek, binding);
    await assertOpens(this.primary, wrapped, dek, binding);
    return wrapped;
  }

  async unwrap(wrapped: Buffer, kekId: string, kekVersion: string, binding: KekBinding): Promise<Buffer> {
    const holder = [this.primary, ...this.decryptOnly].find(({ kekIds }) => kekIds.includes(kekId));
    if (!holder) throw new KekUnavailableError('unknown-kek', kekId, kekVersion);
    return holder.unwrap(wrapped, kekId, kekVersion, binding);
  }

  currentVersion(): Promise<KekVersion> {
    return this.primary.currentVersion();
  }

  /** Asks the provider that wraps; of the others only stored keys could tell. */
  probe(): Promise<void> {
    return this.primary.probe();
  }

  async close(): Promise<void> {
    await Promise.all([this.primary, ...this.decryptOnly].map((provider) => provider.close()));
  }
}
