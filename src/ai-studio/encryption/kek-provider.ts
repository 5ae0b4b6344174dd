import type { KekProviderKind } from '../../platform/env';

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
  /** The provider's name for the key: the key ring's entry id, an ARN, a resource name, `<mount>/keys/<transit key>`. */
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
  /** Stable name for logs and metrics, as `AI_STUDIO_KEK_PROVIDER` spells it. */
  readonly kind: KekProviderKind;

  /**
   * Ids of the keys that it opens; the first is the one that wraps. Only these are ever asked for: a row of the
   * database must not choose the key that opens it.
   */
  readonly kekIds: readonly string[];

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
   * Proves that `wrap` and `unwrap` work now and keep to the binding, with a throw-away key. It says nothing about
   * stored keys: whether this is *the* key is answered by unwrapping a stored canary.
   * @throws KekUnavailableError
   */
  probe(): Promise<void>;

  /** Ends its connections, where it has any. */
  close(): Promise<void>;
}

/**
 * - `unknown-kek`: the provider has no such key or version; it was removed before the last key was rewrapped.
 * - `unreadable`: the key is there but does not open it: other key bytes, another team or data key, or damage.
 * - `refused`: the key service does not take this server's credentials, or does not let them use the key.
 * - `unreachable`: the key service did not answer, or answered what it never should. Trying again may help.
 */
export type KekUnavailableReason = 'unknown-kek' | 'unreadable' | 'refused' | 'unreachable';

const advice: Record<KekUnavailableReason, string> = {
  'unknown-kek': 'is not available; add it again as a decrypt-only key',
  unreadable: 'does not open this data key; check that the key and the stored row belong together',
  refused: 'may not be used by this server; check its credentials and what they allow',
  unreachable: 'cannot be used now, since its key service does not answer as it should; try again',
};

/** A data key could not be unwrapped. Carries ids only; the cause is left out, as it may hold what must not travel. */
export class KekUnavailableError extends Error {
  /** @param detail what the service said, in words of ours or one code of its own: never text that it made up */
  constructor(
    readonly reason: KekUnavailableReason,
    readonly kekId: string,
    readonly kekVersion: string,
    readonly detail?: string,
  ) {
    const why = detail ? ` (${detail})` : '';
    super(`Key-encryption key ${kekId} (version ${kekVersion}) ${advice[reason]}${why}.`);
    this.name = 'KekUnavailableError';
  }
}
