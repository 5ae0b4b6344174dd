const placeholder = /example|change-?me|replace-?me|placeholder|your-?secret|password|0123456789|abcdefgh/i;

/**
 * What is wrong with a secret that signs (sessions, anchors) in production, `undefined` where nothing is. A random one of 32 characters has
 * fewer than ten distinct ones with a chance below one in a million, even in hexadecimal.
 */
export function findWeakness(secret: string): string | undefined {
  if (placeholder.test(secret)) return 'is an example; make a random one (npm run keys:generate)';
  if (new Set(secret).size < 10) return 'repeats few characters; make a random one (npm run keys:generate)';
  return undefined;
}

/**
 * Whether a secret that signs is also a key of the key ring, in whatever spelling: who learns the one that signs would
 * have the one that opens.
 * @param ring `id:base64[,id:base64…]`
 */
export function isSameSecret(ring: string, secret: string): boolean {
  if (ring.trim() === secret.trim()) return true;
  const keys = ring.split(',').map((entry) => Buffer.from(entry.slice(entry.indexOf(':') + 1), 'base64'));
  const spellings = (['base64', 'hex', 'utf8'] as const).map((encoding) =>
    Buffer.from(secret.trim(), encoding),
  );
  return keys.some((key) => key.length > 0 && spellings.some((bytes) => bytes.equals(key)));
}
