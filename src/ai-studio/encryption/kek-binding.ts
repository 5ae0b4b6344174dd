import type { KekBinding } from './kek-provider';
import { lengthPrefixed } from './sealed-blob';

/** A plain data key has 32 bytes. */
export const dataKeyLength = 32;

const purpose = 'ai-studio/kek-wrap';
/** Of what is bound, and of the bytes that it becomes. */
const bindingVersion = '1';

/** The additional data of a wrapped data key, for providers that take bytes: team, data key and key-encryption key. */
export function bindingBytes(kekId: string, { teamId, dekId }: KekBinding): Buffer {
  return lengthPrefixed([purpose, bindingVersion, teamId, dekId, kekId]);
}

/**
 * The same for AWS KMS, whose encryption context is a map of texts. The service names the key by itself. It stands in
 * CloudTrail in plain text, and policies may ask for it.
 */
export function bindingContext({ teamId, dekId }: KekBinding): Record<string, string> {
  return {
    'ai-studio:purpose': purpose,
    'ai-studio:version': bindingVersion,
    'ai-studio:team': teamId,
    'ai-studio:data-key': dekId,
  };
}
