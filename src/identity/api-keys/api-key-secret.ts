import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { SecretString } from '../../platform/secrets';
import { base62Width, fromBase62, toBase62 } from './base62';

/*
 * ais_ · id of the key, 16 bytes · random, 32 bytes · CRC-32 of all before, 4 bytes; each in base62. As GitHub's tokens: a
 * scanner finds it by prefix and checksum, and a mistyped one costs no question to the database.
 * https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
 */
const prefix = 'ais_';
const idBytes = 16;
const randomSize = 32;
const idEnd = prefix.length + base62Width(idBytes);
const checksumStart = idEnd + base62Width(randomSize);

/** A key as it is made: `secret` is shown once, the rest is stored. */
export interface NewApiKey {
  secret: SecretString;
  digest: Buffer;
  /** Its last four characters, which are of the checksum: enough to tell keys apart. */
  last4: string;
}

/** What a key that somebody sent says of itself. */
export interface SentApiKey {
  keyId: string;
  digest: Buffer;
}

export function makeApiKey(keyId: string): NewApiKey {
  const body = `${prefix}${toBase62(Buffer.from(keyId.replaceAll('-', ''), 'hex'))}${toBase62(randomBytes(randomSize))}`;
  const secret = `${body}${checksumOf(body)}`;
  return { secret: new SecretString(secret), digest: digestOf(secret), last4: secret.slice(-4) };
}

/** The API key of an `Authorization` header: whatever is sent as a bearer token and begins like one, well-formed or not. */
export function readApiKey(authorization: string | undefined): SecretString | undefined {
  const token = /^bearer +(ais_.*)$/i.exec(authorization ?? '')?.[1];
  return token === undefined ? undefined : new SecretString(token.trimEnd());
}

/** `undefined` for a text that {@link makeApiKey} cannot have made. Asks nobody. */
export function parseApiKey(sent: SecretString): SentApiKey | undefined {
  const secret = sent.reveal();
  const body = secret.slice(0, checksumStart);
  if (!secret.startsWith(prefix) || secret.slice(checksumStart) !== checksumOf(body)) return undefined;
  const id = fromBase62(secret.slice(prefix.length, idEnd), idBytes);
  if (!id || !fromBase62(secret.slice(idEnd, checksumStart), randomSize)) return undefined;
  return { keyId: toUuid(id), digest: digestOf(secret) };
}

/** Takes as long for a digest that is wrong as for one that is not there. */
export function isSameDigest(sent: Buffer, stored: Buffer | undefined): boolean {
  const isSame = timingSafeEqual(sent, stored ?? Buffer.alloc(sent.length));
  return isSame && stored !== undefined;
}

function checksumOf(body: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return toBase62(bytes);
}

/** 256 random bits cannot be tried out: the digest need not be slow. */
function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function toUuid(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
