import { contentDisposition } from '../exports/content-disposition';
import { kindOf } from './media-types';
import type { ChatFile } from './chat-file.entity';

/** For whatever a browser might open as a page: nothing in it runs, and it loads nothing. */
export const inertContent = "default-src 'none'; sandbox";

/** As a browser may have a file, whatever is in it: images are shown where they are named, all else is for the disk. */
export function toFileHeaders({
  mediaType,
  filename,
}: Pick<ChatFile, 'mediaType' | 'filename'>): Record<string, string> {
  const shown = kindOf(mediaType) === 'image' ? 'inline' : 'attachment';
  return {
    'content-type': mediaType,
    'content-disposition': contentDisposition(shown, filename ?? 'file'),
    'content-security-policy': inertContent,
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
  };
}
