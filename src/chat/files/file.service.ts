import { Inject, Injectable } from '@nestjs/common';
import type { Scope } from '@kdx/shared';
import { notFound } from '../../platform/errors';
import { contentDisposition } from '../exports/content-disposition';
import { FileRepository } from './file.repository';
import { kindOf } from './media-types';

/** A file as a browser may have it: it runs and loads nothing, whatever is in it. */
export interface ServedFile {
  headers: Record<string, string>;
  content: Buffer;
}

/** For whatever a browser might open as a page: nothing in it runs, and it loads nothing. */
export const inertContent = "default-src 'none'; sandbox";

/** Files of messages. */
@Injectable()
export class FileService {
  constructor(@Inject(FileRepository) private readonly files: FileRepository) {}

  /** Throws `NOT_FOUND`. Images are shown where they are named, everything else is for the disk. */
  async get(scope: Scope, sessionId: string, id: string): Promise<ServedFile> {
    const file = await this.files.find(scope, sessionId, id);
    if (!file) throw notFound('The file');
    const { mediaType, filename, content } = file;
    const shown = kindOf(mediaType) === 'image' ? 'inline' : 'attachment';
    const headers = {
      'content-type': mediaType,
      'content-disposition': contentDisposition(shown, filename ?? 'file'),
      'content-security-policy': inertContent,
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    };
    return { headers, content };
  }
}
