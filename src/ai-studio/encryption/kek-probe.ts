import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { dataKeyLength } from './kek-binding';
import {
  KekUnavailableError,
  type KekBinding,
  type KekProvider,
  type KekVersion,
  type WrappedKey,
} from './kek-provider';

/** What `KekProvider.probe` promises, by means of the provider's own `wrap` and `unwrap`. */
export async function probeKek(provider: Pick<KekProvider, 'wrap' | 'unwrap'>): Promise<void> {
  const binding = { teamId: randomUUID(), dekId: randomUUID() };
  const dek = randomBytes(dataKeyLength);
  try {
    const wrapped = await provider.wrap(dek, binding);
    await assertOpens(provider, wrapped, dek, binding);
    await assertBound(provider, wrapped, binding);
  } finally {
    dek.fill(0);
  }
}

/** The version that wraps now, seen by wrapping a throw-away key: reading the key's own record would take a permission more. */
export async function seeCurrentVersion(provider: Pick<KekProvider, 'wrap'>): Promise<KekVersion> {
  const { kekId, kekVersion } = await provider.wrap(randomBytes(dataKeyLength), { teamId: '', dekId: '' });
  return { kekId, kekVersion };
}

/**
 * A data key that is stored but does not open takes a team's secrets with it: each is opened once before it is stored.
 * @throws KekUnavailableError `unreadable` where other bytes come back
 */
export async function assertOpens(
  provider: Pick<KekProvider, 'unwrap'>,
  { wrapped, kekId, kekVersion }: WrappedKey,
  dek: Buffer,
  binding: KekBinding,
): Promise<void> {
  const opened = await provider.unwrap(wrapped, kekId, kekVersion, binding);
  const same = opened.length === dek.length && timingSafeEqual(opened, dek);
  opened.fill(0);
  if (!same) throw new KekUnavailableError('unreadable', kekId, kekVersion, 'it gave other bytes back');
}

/** A service that leaves a field out which it does not know would open every team's key for every other. */
async function assertBound(
  provider: Pick<KekProvider, 'unwrap'>,
  { wrapped, kekId, kekVersion }: WrappedKey,
  binding: KekBinding,
): Promise<void> {
  const other = { ...binding, teamId: randomUUID() };
  const opened = await provider.unwrap(wrapped, kekId, kekVersion, other).catch((error: unknown) => {
    if (error instanceof KekUnavailableError && error.reason === 'unreadable') return undefined;
    throw error;
  });
  if (!opened) return;
  opened.fill(0);
  throw new KekUnavailableError(
    'refused',
    kekId,
    kekVersion,
    'the key service does not keep a data key to its team; use a key type and a release that authenticate additional data',
  );
}
