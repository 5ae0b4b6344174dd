import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

const known = new LRUCache<string, string>({ maxSize: 8_000_000, sizeCalculation: (_, text) => text.length });

/** SHA-256 of a text's UTF-8 bytes, in hexadecimal: by it a prompt that was sent can be told from any other. */
export function fingerprintOf(text: string): string {
  const found = known.get(text);
  if (found !== undefined) return found;
  const fingerprint = createHash('sha256').update(text).digest('hex');
  known.set(text, fingerprint);
  return fingerprint;
}
