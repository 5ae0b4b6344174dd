import { Inject, Injectable } from '@nestjs/common';
import type { Scope } from '@kdx/shared';
import { validationFailed } from '../../platform/http';
import type { NewUserMessage, SentUserMessage } from '../answers/user-message';
import type { ChatFile } from './chat-file.entity';
import { FileRepository } from './file.repository';
import { assertFitTogether, type FileReference } from './new-file';

/** Gives files of a new message that name one of an earlier message its content. They become files of their own. */
@Injectable()
export class FileCopies {
  constructor(@Inject(FileRepository) private readonly files: FileRepository) {}

  /**
   * The message with the content of all its files. Throws `VALIDATION_FAILED` for a file that is not of this conversation,
   * in the same words whether it is of another, of another user, or not there.
   */
  async fill(scope: Scope, sessionId: string, message: SentUserMessage): Promise<NewUserMessage> {
    const ids = message.parts.flatMap((part) => ('copyOf' in part ? part.copyOf.fileId : []));
    const files = ids.length > 0 ? await this.read(scope, sessionId, message, ids) : [];
    const byId = new Map(files.map((file) => [file.id, file]));
    const parts = message.parts.map((part) => {
      if (!('copyOf' in part)) return part;
      const { id, kind, mediaType, filename, copyOf } = part;
      const file = byId.get(copyOf.fileId) ?? refuse(part, 'url', notOurs);
      if (file.mediaType !== mediaType) return refuse(part, 'mediaType', 'is not that of the file');
      return { id, kind, mediaType, filename, content: file.content };
    });
    return { ...message, parts };
  }

  /** No content before the sizes: a message may name many files, and one of them many times. */
  private async read(
    scope: Scope,
    sessionId: string,
    { parts, field }: SentUserMessage,
    ids: string[],
  ): Promise<ChatFile[]> {
    const stored = await this.files.sizes(scope, sessionId, ids);
    const sizes = parts.map((part) => {
      if ('content' in part) return part.content.length;
      if (!('copyOf' in part)) return 0;
      const size = part.copyOf.sessionId === sessionId ? stored.get(part.copyOf.fileId) : undefined;
      return size ?? refuse(part, 'url', notOurs);
    });
    assertFitTogether(sizes, field);
    return this.files.listByIds(scope, sessionId, ids);
  }
}

const notOurs = 'names no file of this conversation';

function refuse({ field }: FileReference, name: string, problem: string): never {
  throw validationFailed([{ field: `${field}.${name}`, problem }]);
}
