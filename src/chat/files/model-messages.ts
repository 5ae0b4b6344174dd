import { Inject, Injectable } from '@nestjs/common';
import {
  convertToModelMessages,
  type FilePart,
  type FileUIPart,
  type ModelMessage,
  type UIMessage,
} from 'ai';
import type { Scope } from '@kdx/shared';
import type { ChatFile } from './chat-file.entity';
import { FileRepository } from './file.repository';
import { toFileId } from './file-url';
import { kindOf } from './media-types';

type Part = UIMessage['parts'][number];

/** Of files that a model is sent again with each question; older ones are named in words. */
const maxHistoryBytes = 32 * 1024 * 1024;

/** What a model is told of a conversation: its messages, with their files in the place of URLs. */
@Injectable()
export class ModelMessages {
  constructor(@Inject(FileRepository) private readonly files: FileRepository) {}

  /** `history` oldest first. Files are read newest first, as many as fit. */
  async of(scope: Scope, sessionId: string, history: UIMessage[]): Promise<ModelMessage[]> {
    const ids = history.flatMap(({ parts }) => parts.flatMap((part) => fileIdOf(part) ?? []));
    if (ids.length === 0) return convertToModelMessages(history);
    const chosen = withinLimit(ids.toReversed(), await this.files.sizes(scope, sessionId, ids));
    const files = await this.files.listByIds(scope, sessionId, chosen);
    const byId = new Map(files.map((file) => [file.id, file]));
    const told = history.map((message) => ({
      ...message,
      parts: message.parts.map((part) => {
        const id = fileIdOf(part);
        return id === undefined ? part : toModelPart(part, byId.get(id));
      }),
    }));
    return convertToModelMessages(told, {
      convertDataPart: (part) => (part.data instanceof FileOfMessage ? part.data.toFilePart() : undefined),
    });
  }
}

/** Stands in a message for a file until it is a model's: as its bytes, since a `data:` URL is longer, and is parsed on the way. */
class FileOfMessage {
  constructor(
    private readonly part: FileUIPart,
    private readonly content: Buffer,
  ) {}

  toFilePart(): FilePart {
    const { mediaType, filename, providerMetadata: providerOptions } = this.part;
    return {
      type: 'file',
      mediaType,
      filename,
      data: this.content,
      ...(providerOptions && { providerOptions }),
    };
  }
}

function fileIdOf(part: Part): string | undefined {
  return part.type === 'file' ? toFileId(part.url) : undefined;
}

function withinLimit(ids: string[], sizes: Map<string, number>): string[] {
  let left = maxHistoryBytes;
  return ids.filter((id) => {
    left -= sizes.get(id) ?? 0;
    return left >= 0;
  });
}

/** Texts are sent as text, which every model reads; few providers take them as files. */
function toModelPart(part: Part, file: ChatFile | undefined): Part {
  if (part.type !== 'file') return part;
  const name = JSON.stringify(part.filename ?? 'unnamed');
  if (!file)
    return { type: 'text', text: `[The file ${name} was here. It is too long ago to be sent again.]` };
  if (kindOf(file.mediaType) === 'text')
    return { type: 'text', text: `The file ${name} (${file.mediaType}):\n\n${file.content.toString()}` };
  return { type: 'data-file', data: new FileOfMessage(part, file.content) };
}
