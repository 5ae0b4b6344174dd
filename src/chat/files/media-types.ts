/** What a model has to be able to read for a file of a media type; `text` any model can. */
export type FileKind = 'image' | 'pdf' | 'text';

interface MediaType {
  kind: FileKind;
  /** Whether the bytes are what the type says. */
  fits: (bytes: Buffer) => boolean;
}

/** Files that a message may have. What is not here is refused: SVG and HTML above all, which may hold scripts. */
const mediaTypes: Record<string, MediaType> = {
  'image/png': { kind: 'image', fits: beginsWith('89504e470d0a1a0a') },
  'image/jpeg': { kind: 'image', fits: beginsWith('ffd8ff') },
  'image/gif': { kind: 'image', fits: beginsWith('474946383761', '474946383961') },
  'image/webp': { kind: 'image', fits: isWebp },
  'application/pdf': { kind: 'pdf', fits: beginsWith('255044462d') },
  'text/plain': { kind: 'text', fits: isText },
  'text/markdown': { kind: 'text', fits: isText },
  'text/csv': { kind: 'text', fits: isText },
  'application/json': { kind: 'text', fits: isText },
};

/** What browsers call a type where they go by what opens it: a CSV file on Windows with Excel. */
const otherNames: Record<string, string> = { 'application/vnd.ms-excel': 'text/csv' };

export const takenMediaTypes = Object.keys(mediaTypes);

/** The type as it is stored, whatever the browser called it. */
export function toOwnName(mediaType: string): string {
  return (Object.hasOwn(otherNames, mediaType) ? otherNames[mediaType] : undefined) ?? mediaType;
}

/** `undefined` for a type that is not taken. */
export function kindOf(mediaType: string): FileKind | undefined {
  return Object.hasOwn(mediaTypes, mediaType) ? mediaTypes[mediaType]?.kind : undefined;
}

/** Whether bytes are of a media type, by their first bytes; of a text, by all of them. */
export function isOfType(mediaType: string, bytes: Buffer): boolean {
  return Object.hasOwn(mediaTypes, mediaType) && mediaTypes[mediaType]?.fits(bytes) === true;
}

function beginsWith(...signatures: string[]): (bytes: Buffer) => boolean {
  const known = signatures.map((hex) => Buffer.from(hex, 'hex'));
  return (bytes) => known.some((signature) => bytes.subarray(0, signature.length).equals(signature));
}

/** A RIFF container of kind WEBP, with its length between the two. */
function isWebp(bytes: Buffer): boolean {
  return (
    bytes.subarray(0, 4).toString('latin1') === 'RIFF' && bytes.subarray(8, 12).toString('latin1') === 'WEBP'
  );
}

function isText(bytes: Buffer): boolean {
  if (bytes.includes(0)) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false; // what is no UTF-8 throws
  }
}
