import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** SHA-256 of the canonical JSON of a value (keys in order, `undefined` left out), in hex. */
export function fingerprint(value: unknown): string {
  return digest(canonicalJson(value));
}

/** SHA-256 of a text, in hex. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** What the first event of a team's chain is linked to, so that a chain cannot pass for another team's. */
export function firstLink(teamId: string): Buffer {
  return createHash('sha256').update(`audit:${teamId}`).digest();
}

/**
 * The hash of an event: SHA-256 of the hash before it and of the event's text, as the trigger of `audit_event` computes it.
 * @param text the event as PostgreSQL spells it (`event::text`)
 */
export function nextLink(previous: Buffer, text: string): Buffer {
  return createHash('sha256').update(previous).update(text, 'utf8').digest();
}

/** HMAC-SHA-256, in hex. */
export function sign(key: string, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex');
}

/** Compares in constant time. */
export function isSignature(key: string, text: string, signature: string): boolean {
  const [right, given] = [Buffer.from(sign(key, text)), Buffer.from(signature)];
  return right.length === given.length && timingSafeEqual(right, given);
}

/** JSON whose bytes do not depend on the order in which an object was made. */
function canonicalJson(value: unknown): string {
  return (
    JSON.stringify(value, (_key, part: unknown) =>
      isPlain(part) ? Object.fromEntries(Object.entries(part).toSorted(byKey)) : part,
    ) ?? 'null'
  );
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
