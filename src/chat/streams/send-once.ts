import { createHash } from 'node:crypto';
import { validationFailed } from '../../platform/http';

/** A key under which a message is sent once, and the digest of what is sent. */
export interface SendOnce {
  key: string;
  requestHash: Buffer;
}

/**
 * What a client asks for under a key. Two requests are the same where they say the same, in whatever order of fields.
 * Throws `VALIDATION_FAILED` for a key that is none; `field` is where it was sent.
 */
export function toSendOnce(
  key: string | undefined,
  field: string,
  sessionId: string,
  request: object,
): SendOnce | undefined {
  if (key === undefined) return undefined;
  if (!/^[\x21-\x7e]{1,200}$/.test(key))
    throw validationFailed([{ field, problem: 'must be 1 to 200 visible ASCII characters' }]);
  const canonical = JSON.stringify([sessionId, inOrder(request)]);
  return { key, requestHash: createHash('sha256').update(canonical).digest() };
}

/** Fields in the order of their names, as deep as there are any. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return fields.map(([name, field]) => [name, inOrder(field)]).filter(([, field]) => field !== undefined);
}
