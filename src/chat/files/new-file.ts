import { v7 as uuidv7 } from 'uuid';
import { validationFailed } from '../../platform/http';
import { toFilePlace, type FilePlace } from './file-url';
import { isOfType, kindOf, takenMediaTypes, toOwnName, type FileKind } from './media-types';

/** A file of a new message, checked and not stored yet. */
export interface NewFile {
  id: string;
  kind: FileKind;
  mediaType: string;
  filename: string | null;
  content: Buffer;
}

/** A file of a new message that is to be a copy of one of an earlier message: all but its content. */
export interface FileReference extends Omit<NewFile, 'content'> {
  copyOf: FilePlace;
  /** Where it stands in the request. */
  field: string;
}

const maxFileBytes = 10 * 1024 * 1024;
/** Of all files of a message together. */
const maxFilesBytes = 20 * 1024 * 1024;
const maxFilename = 200;

/**
 * Reads a `file` part of a UI message: `{ type: 'file', mediaType, filename?, url: 'data:…;base64,…' }`, or with the URL
 * under which this server gave a file of the conversation. `field` is where it stands, for the refusal. Throws
 * `VALIDATION_FAILED`: nothing is ever fetched for a user.
 */
export function toNewFile(part: Readonly<Record<string, unknown>>, field: string): NewFile | FileReference {
  const refuse = (name: string, problem: string): never => {
    throw validationFailed([{ field: `${field}.${name}`, problem }]);
  };
  const { url, mediaType: sentAs, filename = null } = part;
  if (typeof sentAs !== 'string') return refuse('mediaType', 'must be a string');
  const mediaType = toOwnName(sentAs);
  const kind = kindOf(mediaType);
  if (!kind) return refuse('mediaType', `must be one of ${takenMediaTypes.join(', ')}`);
  if (filename !== null && (typeof filename !== 'string' || filename.length > maxFilename))
    return refuse('filename', `must be a string of at most ${maxFilename} characters`);
  if (typeof url !== 'string') return refuse('url', 'must be a string');
  const named = { id: uuidv7(), kind, mediaType, filename };
  const copyOf = toFilePlace(url);
  if (copyOf) return { ...named, copyOf, field };
  const prefix = `data:${sentAs};base64,`;
  if (!url.startsWith('data:'))
    return refuse(
      'url',
      'must be a data: URL, or the url of a file of this conversation; other addresses are not fetched',
    );
  if (!url.startsWith(prefix)) return refuse('url', `must begin with ${prefix}`);
  if (url.length > prefix.length + Math.ceil(maxFileBytes / 3) * 4)
    return refuse('url', `must hold at most ${maxFileBytes} bytes`);
  const encoded = url.slice(prefix.length);
  const content = Buffer.from(encoded, 'base64');
  // Node reads over what is no base64: written out again, it has to be the same.
  if (content.length === 0 || content.toString('base64') !== encoded)
    return refuse('url', 'must hold base64, and not be empty');
  if (content.length > maxFileBytes) return refuse('url', `must hold at most ${maxFileBytes} bytes`);
  if (!isOfType(mediaType, content))
    return refuse(
      'mediaType',
      `is not what the file is, by its bytes${kind === 'text' ? ': a text has to be UTF-8' : ''}`,
    );
  return { ...named, content };
}

/** Throws `VALIDATION_FAILED` for files of a message that are too large together; `field` is where they stand. */
export function assertFitTogether(sizes: number[], field: string): void {
  if (sizes.reduce((sum, size) => sum + size, 0) <= maxFilesBytes) return;
  throw validationFailed([{ field, problem: `must hold files of at most ${maxFilesBytes} bytes together` }]);
}
