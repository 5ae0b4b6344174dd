import { Inject, Injectable } from '@nestjs/common';
import type { Scope } from '@kdx/shared';
import { notFound } from '../../platform/errors';
import type { ChatFile } from './chat-file.entity';
import { FileRepository } from './file.repository';

/** Files of messages. */
@Injectable()
export class FileService {
  constructor(@Inject(FileRepository) private readonly files: FileRepository) {}

  /** Throws `NOT_FOUND`. */
  async get(scope: Scope, sessionId: string, id: string): Promise<ChatFile> {
    const file = await this.files.find(scope, sessionId, id);
    if (!file) throw notFound('The file');
    return file;
  }
}
