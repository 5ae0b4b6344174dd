/**
 * What a wrapped data key is tied to. Unwrapping under any other team or data key id fails. Ids are compared as
 * text: spell them as the database does, in lower case.
 */
export interface KekBinding {
  /** The team that the data key belongs to. */
  teamId: string;
  /** The data key's own id, a UUID. */
  dekId: string;
}

/** Which key-encryption key wrapped a data key. Stored beside the wrapped key; neither part is secret. */
export interface KekVersion {
  /** The provider's name for the key: the key ring's entry id, an ARN, a resource name, a transit key name. */
  kekId: string;
  /** The provider's name for the key's version: a rotation changes it even where `kekId` stays the same. */
  kekVersion: string;
}

export interface WrappedKey extends KekVersion {
  /** Opaque to everybody but the provider, which puts its own format version inside. */
  wrapped: Buffer;
}

/**
 * Holds the key-encryption key and never gives it out: a key ring in the environment today, a cloud KMS by the
 * same door. Every call may cross a network, so none may be made inside a database transaction.
 *
 * Plain data keys are 32 bytes. A provider keeps no copy of one and zero-fills what it made on the way.
 */
export interface KekProvider {
  /** Stable name for rows, logs and metrics: `local`, `aws-kms`, `gcp-kms`, `vault-transit`. */
  readonly kind: string;

  /**
   * Encrypts a data key under the current version. `binding` must be authenticated with it: a KMS passes it as
   * encryption context or additional data. `dek` stays the caller's, who zero-fills it.
   * @throws RangeError when `dek` is not 32 bytes.
   */
  wrap(dek: Buffer, binding: KekBinding): Promise<WrappedKey>;

  /**
   * Decrypts a data key under the version that wrapped it, current or not. The caller owns the 32 bytes that
   * come back: make a `KeyObject` of them, then zero-fill them.
   * @throws KekUnavailableError
   */
  unwrap(wrapped: Buffer, kekId: string, kekVersion: string, binding: KekBinding): Promise<Buffer>;

  /** What `wrap` would use now. A stored key with another pair is due for rewrapping. */
  currentVersion(): Promise<KekVersion>;

  /**
   * Proves that `wrap` and `unwrap` work now, with a throw-away key. It says nothing about stored keys: whether
   * this is *the* key is answered by unwrapping a stored canary.
   */
  probe(): Promise<void>;
}

/**
 * - `unknown-kek`: the provider has no such key or version; it was removed before the last key was rewrapped.
 * - `unreadable`: the key is there but does not open it: other key bytes, another team or data key, or damage.
 */
export type KekUnavailableReason = 'unknown-kek' | 'unreadable';

const advice: Record<KekUnavailableReason, string> = {
  'unknown-kek': 'is not available; add it again as a decrypt-only key',
  unreadable: 'does not open this data key; check that the key and the stored row belong together',
};

/** A data key could not be unwrapped. Carries ids only; the cause is left out, as it may hold what must not travel. */
export class KekUnavailableError extends Error {
  constructor(
    readonly reason: KekUnavailableReason,
    readonly kekId: string,
    readonly kekVersion: string,
  ) {
    super(`Key-encryption key ${kekId} (version ${kekVersion}) ${advice[reason]}.`);
    this.name = 'KekUnavailableError';
  }
}
