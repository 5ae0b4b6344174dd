import { Inject, Injectable } from '@nestjs/common';
import {
  convertToModelMessages,
  type FilePart,
  type FileUIPart,
  type ModelMessage,
  type UIMessage,
} from 'ai';
import type { Scope } from '@kdx/shared';
import { ByteBudget, ByteBudgets } from '../../platform/limits';
import type { ChatFile } from './chat-file.entity';
import { FileRepository } from './file.repository';
import { toFileId } from './file-url';
import { kindOf } from './media-types';

type Part = UIMessage['parts'][number];

/** Of files that a model is sent again with each question; older ones are named in words. */
const maxHistoryBytes = 32 * 1024 * 1024;

/** Of files that models are being sent, by this process. */
const maxSentBytes = 256 * 1024 * 1024;
/** Of one team among them, so that its answers let no other team's wait. */
const maxSentBytesOfTeam = maxSentBytes / 2;

/** What a model is told, for as long as it answers. */
export interface ToldMessages {
  messages: ModelMessage[];
  /** To be called when it has answered: others may wait for the memory. */
  release: () => void;
}

/** What a model is told of a conversation: its messages, with their files in the place of URLs. */
@Injectable()
export class ModelMessages {
  private readonly ofAll = new ByteBudget(maxSentBytes);
  private readonly ofTeams = new ByteBudgets(maxSentBytesOfTeam);

  constructor(@Inject(FileRepository) private readonly files: FileRepository) {}

  /**
   * `history` oldest first. Files are read newest first, as many as fit; with many in memory, when others are let go of.
   * Rejects with the reason of `signal`.
   */
  async of(
    scope: Scope,
    sessionId: string,
    history: UIMessage[],
    signal: AbortSignal,
  ): Promise<ToldMessages> {
    const ids = history.flatMap(({ parts }) => parts.flatMap((part) => fileIdOf(part) ?? []));
    if (ids.length === 0)
      return { messages: await convertToModelMessages(history), release: () => undefined };
    const sizes = await this.files.sizes(scope, sessionId, ids);
    const chosen = withinLimit(ids.toReversed(), sizes);
    const release = await this.takeMemory(scope, sum(chosen.map((id) => sizes.get(id) ?? 0)), signal);
    try {
      return { messages: await this.read(scope, sessionId, history, chosen), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** The team's own share first: who waits for that stands in nobody else's way. */
  private async takeMemory({ teamId }: Scope, bytes: number, signal: AbortSignal): Promise<() => void> {
    const giveBackToTeam = await this.ofTeams.take(teamId, bytes, signal);
    try {
      const giveBackToAll = await this.ofAll.take(bytes, signal);
      return () => {
        giveBackToAll();
        giveBackToTeam();
      };
    } catch (error) {
      giveBackToTeam();
      throw error;
    }
  }

  private async read(
    scope: Scope,
    sessionId: string,
    history: UIMessage[],
    chosen: string[],
  ): Promise<ModelMessage[]> {
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

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
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
