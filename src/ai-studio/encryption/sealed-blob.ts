import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  randomFillSync,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto';

/** A team's data key. `id` is a UUID; `key` is a secret `KeyObject` of 32 bytes, made once. */
export interface DataKey {
  id: string;
  key: KeyObject;
}

/**
 * Where a secret belongs. A blob opens only under the binding it was sealed with, so a row moved to another team
 * or a key pointed at another host stays shut. A field that does not apply is the empty string.
 * Fields are compared as text: spell ids as the database does, in lower case.
 */
export interface SecretBinding {
  table: string;
  column: string;
  teamId: string;
  rowId: string;
  providerKind: string;
  /** Origin of the provider's base URL, as `new URL(baseUrl).origin` spells it. */
  origin: string;
}

export type SealedBlobReason = 'version' | 'suite' | 'length' | 'dek' | 'commitment' | 'tag';

const messages: Record<SealedBlobReason, string> = {
  version: 'The sealed blob has a version that this release does not read.',
  suite: 'The sealed blob has a cipher suite that this release does not read.',
  length: 'The sealed blob is too short to be whole.',
  dek: 'The sealed blob was made with another data key, or the data key is not a UUID with 32 secret bytes.',
  commitment: 'The data key has the right id but other bytes, or the header of the sealed blob was changed.',
  tag: 'The sealed blob was changed, or belongs to another row, team, provider or origin.',
};

/** A blob did not open. Holds a reason and nothing of the blob, the key or the text. */
export class SealedBlobError extends Error {
  constructor(readonly reason: SealedBlobReason) {
    super(messages[reason]);
    this.name = 'SealedBlobError';
  }
}

const version = 1;
/** Suite 1: HKDF-SHA-512 with a 32-byte key commitment, then AES-256-GCM. */
const suite = 1;
const keyInfo = 'ai-studio/sealed-blob/v1/suite-1/key+commitment';
const keyLength = 32;
const tagLength = 16;

/** version(1) suite(1) dekId(16) salt(32) commit(32) nonce(12), then the ciphertext and tag(16). */
const dekIdAt = 2;
const saltAt = 18;
const commitAt = 50;
const nonceAt = 82;
const headerLength = 94;

/**
 * Encrypts a secret for one place. Every call draws a new salt and nonce, so equal texts give unequal blobs.
 * @returns the text's UTF-8 bytes, encrypted, with 110 bytes around them.
 * @throws SealedBlobError `dek` when the data key is not usable.
 * @throws TypeError when the text has a lone surrogate, which UTF-8 would silently replace.
 */
export function sealBlob(dek: DataKey, binding: SecretBinding, plaintext: string): Buffer {
  if (!plaintext.isWellFormed()) throw new TypeError('The secret is not Unicode: it has a lone surrogate.');
  const header = Buffer.alloc(headerLength);
  header.writeUInt8(version, 0);
  header.writeUInt8(suite, 1);
  dekIdBytes(dek).copy(header, dekIdAt);
  randomFillSync(header, saltAt, commitAt - saltAt);
  randomFillSync(header, nonceAt);
  const { key, commitment } = deriveSecretKey(dek, header.subarray(saltAt, commitAt));
  commitment.copy(header, commitAt);

  const text = Buffer.from(plaintext, 'utf8');
  const ciphertext = encryptGcm(key, header.subarray(nonceAt), additionalData(header, binding), text);
  text.fill(0);
  return Buffer.concat([header, ciphertext]);
}

/**
 * Decrypts a blob. `dek` must have been looked up inside the caller's team by `blobDekId(blob)`.
 * @throws SealedBlobError and nothing else; checks run in the order of `SealedBlobReason`.
 */
export function openBlob(blob: Buffer, dek: DataKey, binding: SecretBinding): string {
  checkFrame(blob);
  if (!dekIdBytes(dek).equals(blob.subarray(dekIdAt, saltAt))) throw new SealedBlobError('dek');

  const { key, commitment } = deriveSecretKey(dek, blob.subarray(saltAt, commitAt));
  if (!timingSafeEqual(commitment, blob.subarray(commitAt, nonceAt))) throw new SealedBlobError('commitment');

  const header = blob.subarray(0, headerLength);
  const ciphertext = blob.subarray(headerLength);
  const text = decryptGcm(key, header.subarray(nonceAt), additionalData(header, binding), ciphertext);
  if (!text) throw new SealedBlobError('tag');
  const plaintext = text.toString('utf8');
  text.fill(0);
  return plaintext;
}

/**
 * The id, a lower-case UUID, of the data key that a blob claims. Not authenticated before `openBlob`.
 * @throws SealedBlobError `version`, `suite` or `length`
 */
export function blobDekId(blob: Buffer): string {
  checkFrame(blob);
  return blob.toString('hex', dekIdAt, saltAt).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** AES-256-GCM with a 12-byte nonce that the key never meets again. @returns ciphertext and 16-byte tag */
export function encryptGcm(key: KeyObject, nonce: Buffer, additional: Buffer, plain: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagLength });
  cipher.setAAD(additional);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** @returns the plain bytes, or undefined when the tag does not match: nothing unverified gets out. */
export function decryptGcm(
  key: KeyObject,
  nonce: Buffer,
  additional: Buffer,
  sealed: Buffer,
): Buffer | undefined {
  const tagAt = sealed.length - tagLength;
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagLength });
  decipher.setAAD(additional);
  decipher.setAuthTag(sealed.subarray(tagAt));
  // GCM gives its whole output here; final() adds nothing and only verifies the tag.
  const unverified = decipher.update(sealed.subarray(0, tagAt));
  try {
    decipher.final();
    return unverified;
  } catch {
    unverified.fill(0);
    return undefined;
  }
}

/** HKDF-SHA-512 (RFC 5869). Throws `RangeError` for more than the 16,320 bytes that it can give. */
export function deriveBytes(key: KeyObject, salt: Buffer, info: Buffer, length: number): Buffer {
  return Buffer.from(hkdfSync('sha512', key, salt, info, length));
}

/**
 * Joins texts so that no two lists give the same bytes: each is preceded by its byte length, 4 bytes big-endian.
 * UTF-16LE, because UTF-8 turns every lone surrogate into the same three bytes.
 */
export function lengthPrefixed(texts: readonly string[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const bytes = Buffer.from(text, 'utf16le');
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

function checkFrame(blob: Buffer): void {
  if (blob[0] !== version) throw new SealedBlobError('version');
  if (blob[1] !== suite) throw new SealedBlobError('suite');
  if (blob.length < headerLength + tagLength) throw new SealedBlobError('length');
}

function dekIdBytes(dek: DataKey): Buffer {
  const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
  if (!uuid.test(dek.id) || dek.key.type !== 'secret' || dek.key.symmetricKeySize !== keyLength) {
    throw new SealedBlobError('dek');
  }
  return Buffer.from(dek.id.replaceAll('-', ''), 'hex');
}

/**
 * GCM alone does not commit to its key: one ciphertext can be made to open under two ("Partitioning Oracle
 * Attacks", USENIX Security 2021). The second half of the derived bytes pins the key before any decryption.
 */
function deriveSecretKey(dek: DataKey, salt: Buffer): { key: KeyObject; commitment: Buffer } {
  const derived = deriveBytes(dek.key, salt, Buffer.from(keyInfo), 2 * keyLength);
  // A KeyObject even for one use: with a raw key, Node 24 takes twice as long over the whole seal.
  const key = createSecretKey(derived.subarray(0, keyLength));
  derived.fill(0, 0, keyLength);
  return { key, commitment: derived.subarray(keyLength) };
}

/** Everything that the tag covers beside the text: the whole header, then the binding in this fixed order. */
function additionalData(header: Buffer, binding: SecretBinding): Buffer {
  const { table, column, teamId, rowId, providerKind, origin } = binding;
  return Buffer.concat([header, lengthPrefixed([table, column, teamId, rowId, providerKind, origin])]);
}
