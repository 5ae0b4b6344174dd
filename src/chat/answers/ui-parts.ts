import type { UIMessage } from 'ai';
import type { JsonObject } from '../../platform/http';

/*
 * Messages are stored as the AI SDK's own parts, so that none of a part is lost. The SDK's types say `unknown` where
 * JSON columns say JSON; these two crossings are the only places that know.
 */

/** A model may say NUL or half of a surrogate pair, which no JSON column takes: both become the replacement character. */
function toJsonParts(parts: UIMessage['parts']): JsonObject[] {
  const storable = (_key: string, value: unknown): unknown =>
    typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\ufffd') : value;
  return JSON.parse(JSON.stringify(parts, storable)) as JsonObject[]; // just serialised
}

/** The parts of an answer that are kept: `step-start` only marks where a call began, and says nothing to a reader. */
export function toStoredParts(parts: UIMessage['parts']): JsonObject[] {
  return toJsonParts(parts.filter(({ type }) => type !== 'step-start'));
}

export function toUiParts(parts: object[]): UIMessage['parts'] {
  return parts as UIMessage['parts']; // stored by toStoredParts or checked by toUserMessage
}
