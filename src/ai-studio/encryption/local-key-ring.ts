import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';

import { bindingBytes, dataKeyLength } from './kek-binding';
import { probeKek } from './kek-probe';
import {
  KekUnavailableError,
  type KekBinding,
  type KekProvider,
  type KekVersion,
  type WrappedKey,
} from './kek-provider';
import { decryptGcm, encryptGcm } from './sealed-blob';

/** One key-encryption key. An id stands for one key for ever: a new key gets a new id. */
export interface KeyRingEntry {
  id: string;
  /** 32 secret bytes. */
  key: KeyObject;
}

/**
 * A key ring is not usable. Names the entry by its position, not by its id: when somebody swaps the two halves of
 * an entry, what stands where the id belongs is the key.
 */
export class KeyRingError extends Error {
  constructor(
    /** Counted from 1. */
    readonly position: number,
    problem: string,
  ) {
    super(`Key ring entry ${position} ${problem}.`);
    this.name = 'KeyRingError';
  }
}

const keyLength = dataKeyLength;
const nonceLength = 12;
const tagLength = 16;
/** Wrapped form 1: version(1) nonce(12) ciphertext(32) tag(16). */
const wrapVersion = 1;
const wrappedLength = 1 + nonceLength + keyLength + tagLength;

/**
 * Reads `id:base64[,id:base64…]`; the first entry is primary, the rest only decrypt. White space around entries,
 * such as a file's last line break, is allowed.
 * @throws KeyRingError
 */
export function parseKeyRing(text: string): KeyRingEntry[] {
  const entries: KeyRingEntry[] = [];
  for (const [index, part] of text.split(',').entries()) {
    const entry = parseEntry(part.trim(), index + 1);
    const twin = entries.findIndex(({ id, key }) => id === entry.id || key.equals(entry.key));
    if (twin >= 0) throw new KeyRingError(index + 1, `repeats the id or the key of entry ${twin + 1}`);
    entries.push(entry);
  }
  return entries;
}

/**
 * Whether a key looks made up rather than drawn at random: few distinct bytes (zeros, one byte, a short pattern
 * repeated), a constant step (00 01 02 …), printable text, or a placeholder word in its base64. A random key
 * matches with a chance below one in a hundred million.
 */
export function isExampleKey(key: Buffer): boolean {
  const steps = new Set([...key.subarray(1)].map((byte, index) => (byte - (key[index] ?? 0) + 256) % 256));
  return (
    new Set(key).size <= keyLength / 2 ||
    steps.size <= 1 ||
    key.every((byte) => byte >= 0x20 && byte <= 0x7e) ||
    /example|changeme|change\+me|replaceme|replace\+me|placeholder|yourkey|secretkey/i.test(
      key.toString('base64'),
    )
  );
}

/** Wraps data keys under a key ring that the operator keeps in the environment or in a file. */
export class LocalKeyRing implements KekProvider {
  readonly kind = 'local';
  readonly kekIds: readonly string[];
  readonly #primary: KeyRingEntry;
  readonly #keys: ReadonlyMap<string, KeyObject>;

  /** @param entries from `parseKeyRing`; the first wraps, all unwrap. */
  constructor(entries: readonly KeyRingEntry[]) {
    const [primary] = entries;
    if (!primary) throw new RangeError('A key ring needs at least one entry.');
    this.kekIds = entries.map(({ id }) => id);
    this.#primary = primary;
    this.#keys = new Map(entries.map(({ id, key }) => [id, key]));
  }

  // A random nonce straight under the key is sound for 2^32 wraps of one key, far more than there are teams.
  async wrap(dek: Buffer, binding: KekBinding): Promise<WrappedKey> {
    if (dek.length !== keyLength) throw new RangeError(`A data key has ${keyLength} bytes.`);
    const { id, key } = this.#primary;
    const nonce = randomBytes(nonceLength);
    const ciphertext = encryptGcm(key, nonce, bindingBytes(id, binding), dek);
    const wrapped = Buffer.concat([Buffer.of(wrapVersion), nonce, ciphertext]);
    return { wrapped, ...(await this.currentVersion()) };
  }

  async unwrap(wrapped: Buffer, kekId: string, kekVersion: string, binding: KekBinding): Promise<Buffer> {
    const key = this.#keys.get(kekId);
    if (!key || kekVersion !== String(wrapVersion)) {
      throw new KekUnavailableError('unknown-kek', kekId, kekVersion);
    }
    const whole = wrapped.length === wrappedLength && wrapped[0] === wrapVersion;
    const nonce = wrapped.subarray(1, 1 + nonceLength);
    const ciphertext = wrapped.subarray(1 + nonceLength);
    const dek = whole && decryptGcm(key, nonce, bindingBytes(kekId, binding), ciphertext);
    if (!dek) throw new KekUnavailableError('unreadable', kekId, kekVersion);
    return dek;
  }

  /** A key never changes under its id, so the version is that of the wrapped form. */
  async currentVersion(): Promise<KekVersion> {
    return { kekId: this.#primary.id, kekVersion: String(wrapVersion) };
  }

  probe(): Promise<void> {
    return probeKek(this);
  }

  async close(): Promise<void> {
    // It has no connections.
  }
}

function parseEntry(text: string, position: number): KeyRingEntry {
  const [, id, encoded] = /^([A-Za-z0-9_.-]{1,64}):([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  if (id === undefined || encoded === undefined) {
    throw new KeyRingError(
      position,
      'is not `id:base64` with an id of 1 to 64 letters, digits, `_`, `.` or `-`',
    );
  }
  const bytes = Buffer.from(encoded, 'base64');
  try {
    if (bytes.length !== keyLength || bytes.toString('base64') !== encoded) {
      throw new KeyRingError(
        position,
        `needs ${keyLength} bytes in standard base64 (openssl rand -base64 32)`,
      );
    }
    if (isExampleKey(bytes)) {
      throw new KeyRingError(position, 'has an example key; make a random one (openssl rand -base64 32)');
    }
    return { id, key: createSecretKey(bytes) };
  } finally {
    bytes.fill(0);
  }
}
