import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import {
  decryptGcm,
  deriveBytes,
  encryptGcm,
  openBlob,
  sealBlob,
  SealedBlobError,
  type DataKey,
  type SecretBinding,
} from '../../src/ai-studio/encryption/sealed-blob';
import { attempts, publish, seed } from './proof';
import gcm from './wycheproof/aes-256-gcm.json';
import hkdf from './wycheproof/hkdf-sha-512.json';

const hex = (text: string) => Buffer.from(text, 'hex');
const headerBytes = 94;

/** A sealed secret with what opens it. */
interface Sealed {
  dek: DataKey;
  binding: SecretBinding;
  text: string;
  blob: Buffer;
}

/** What somebody who writes to the database tries: these bytes, under this key, at this place. */
type Attempt = Pick<Sealed, 'dek' | 'binding' | 'blob'>;

describe('sealed keys', () => {
  it('open for nobody who changed or moved them', () => {
    const all = sealThings();
    for (const { blob, dek, binding, text } of all) expect(openBlob(blob, dek, binding)).toBe(text);
    const count = { made: 0, opened: 0 };
    const attempt = ({ blob, dek, binding }: Attempt) => {
      count.made += 1;
      if (opens(blob, dek, binding)) count.opened += 1;
    };
    for (const one of changesOfEachByte(all)) attempt(one);
    for (const one of swaps(all)) attempt(one);
    fc.assert(fc.property(damages(all), attempt), {
      seed,
      numRuns: attempts({ short: 2_000, long: 40_000 }),
    });
    publish({ name: 'tampered or swapped keys that opened', found: count.opened, of: count.made, aim: 0 });
  });
});

describe('Wycheproof', () => {
  it('agrees with AES-256-GCM as keys are sealed with, at 96-bit nonces and 128-bit tags', () => {
    const right = gcm.tests.filter(({ key, iv, aad, msg, ct, tag, result }) => {
      const [secret, nonce, additional] = [createSecretKey(hex(key)), hex(iv), hex(aad)];
      const opened = decryptGcm(secret, nonce, additional, hex(ct + tag));
      const sealed = encryptGcm(secret, nonce, additional, hex(msg)).toString('hex');
      return result === 'valid' ? opened?.toString('hex') === msg && sealed === ct + tag : !opened;
    });
    publish({
      name: 'Wycheproof, AES-GCM 256/96/128: right',
      found: right.length,
      of: gcm.tests.length,
      aim: 'all',
    });
    expect(new Set(gcm.tests.map(({ result }) => result))).toEqual(new Set(['valid', 'invalid']));
  });

  it('agrees with HKDF-SHA-512 as the keys of secrets are derived with, from 256-bit keys', () => {
    const right = hkdf.tests.filter(({ ikm, salt, info, size, okm, result }) => {
      const derive = () => deriveBytes(createSecretKey(hex(ikm)), hex(salt), hex(info), size);
      return result === 'valid' ? derive().toString('hex') === okm : throws(derive);
    });
    publish({
      name: 'Wycheproof, HKDF-SHA-512: right',
      found: right.length,
      of: hkdf.tests.length,
      aim: 'all',
    });
  });
});

/** Secrets of two teams, two data keys each, that differ in one thing or in all. */
function sealThings(): Sealed[] {
  const teams = [randomUUID(), randomUUID()];
  return teams.flatMap((teamId) =>
    [0, 1].flatMap(() => {
      const dek = newDataKey();
      return ['openai', 'anthropic'].map((providerKind): Sealed => {
        const binding = {
          table: 'ai_team_token',
          column: 'sealed',
          teamId,
          rowId: randomUUID(),
          providerKind,
          origin: `https://api.${providerKind}.example`,
        };
        const text = `sk-${randomBytes(16).toString('hex')}`;
        return { dek, binding, text, blob: sealBlob(dek, binding, text) };
      });
    }),
  );
}

/** Each byte as each other one: in the long form of some blobs, else a few values at each position; and each length. */
function* changesOfEachByte(all: Sealed[]): Generator<Attempt> {
  const step = attempts({ short: 64, long: 1 });
  for (const { dek, binding, blob } of all.slice(0, 2)) {
    for (let at = 0; at < blob.length; at += 1) {
      for (let mask = 1; mask < 256; mask += step) {
        const changed = Buffer.from(blob);
        changed.writeUInt8(changed.readUInt8(at) ^ mask, at);
        yield { dek, binding, blob: changed };
      }
      yield { dek, binding, blob: blob.subarray(0, at) };
      yield { dek, binding, blob: blob.subarray(at + 1) };
      yield { dek, binding, blob: Buffer.concat([blob, blob.subarray(0, at + 1)]) };
      yield { dek, binding, blob: Buffer.concat([blob.subarray(0, at), Buffer.of(0), blob.subarray(at)]) };
    }
  }
}

/** Each secret at each other's place, under each other's key, with each other's header or one part of its place. */
function* swaps(all: Sealed[]): Generator<Attempt> {
  for (const [index, { dek, binding, blob }] of all.entries()) {
    yield { dek: { id: dek.id, key: newDataKey().key }, binding, blob };
    yield { dek, binding: { ...binding, table: 'ai_provider_token' }, blob };
    yield { dek, binding: { ...binding, column: 'previous' }, blob };
    for (const other of all.filter((_, otherIndex) => otherIndex !== index)) {
      yield { dek, binding: other.binding, blob };
      yield { dek: other.dek, binding: other.binding, blob };
      if (other.dek !== dek) yield { dek: { id: dek.id, key: other.dek.key }, binding, blob };
      yield { dek, binding, blob: other.blob };
      yield { dek, binding, blob: splice(blob, other.blob) };
      yield { dek: other.dek, binding: other.binding, blob: splice(blob, other.blob) };
      for (const field of ['teamId', 'rowId', 'providerKind', 'origin'] as const)
        if (other.binding[field] !== binding[field])
          yield { dek, binding: { ...binding, [field]: other.binding[field] }, blob };
    }
  }
}

/** Random damage: some bytes overwritten, cut out, or put in; another version and suite; another origin or place. */
function damages(all: Sealed[]): fc.Arbitrary<Attempt> {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 });
  const one = fc.constantFrom(...all);
  const changedBytes = fc
    .tuple(one, fc.nat(200), fc.nat(60), bytes)
    .map(([{ dek, binding, blob }, at, cut, put]) => ({
      before: blob,
      dek,
      binding,
      blob: Buffer.concat([blob.subarray(0, at), put, blob.subarray(at + cut)]),
    }))
    .filter(({ before, blob }) => !before.equals(blob));
  const otherFrame = fc
    .tuple(one, fc.nat(255), fc.nat(255))
    .filter(([, version, suite]) => version !== 1 || suite !== 1)
    .map(([{ dek, binding, blob }, version, suite]) => ({
      dek,
      binding,
      blob: Buffer.concat([Buffer.of(version, suite), blob.subarray(2)]),
    }));
  const otherPlace = fc
    .tuple(one, fc.constantFrom('table', 'column', 'teamId', 'rowId', 'providerKind', 'origin'), fc.string())
    .filter(([{ binding }, field, text]) => binding[field] !== text)
    .map(([{ dek, binding, blob }, field, text]) => ({ dek, binding: { ...binding, [field]: text }, blob }));
  return fc.oneof({ weight: 3, arbitrary: changedBytes }, otherFrame, otherPlace);
}

function splice(header: Buffer, rest: Buffer): Buffer {
  return Buffer.concat([header.subarray(0, headerBytes), rest.subarray(headerBytes)]);
}

function newDataKey(): DataKey {
  return { id: randomUUID(), key: createSecretKey(randomBytes(32)) };
}

function opens(blob: Buffer, dek: DataKey, binding: SecretBinding): boolean {
  try {
    openBlob(blob, dek, binding);
    return true;
  } catch (error) {
    if (error instanceof SealedBlobError) return false;
    throw error;
  }
}

function throws(work: () => unknown): boolean {
  try {
    work();
    return false;
  } catch {
    return true;
  }
}
